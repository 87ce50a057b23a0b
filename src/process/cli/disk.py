"""What the disk refuses that no layer below has put into words: a place that may not be entered or written, a full disk, a name that cannot be."""

from __future__ import annotations

import errno
from pathlib import Path

from process.errors import FileMissing, SettingWrong, StoreProblem, UserError
from process.intake.faults import named

LOOP = "A link among the named files and folders leads to itself. Name another place."
_RIGHTS = (errno.EACCES, errno.EPERM)
_SHAPE = (errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.EINVAL)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


def mistake(fault: OSError) -> UserError | None:
    """What to say of it, with the exit code of its kind; None for what is a defect of ours and keeps its traceback."""
    if fault.errno == errno.ELOOP:
        return SettingWrong(LOOP)
    if fault.errno == errno.ENAMETOOLONG:
        return SettingWrong(f"A name is longer than the disk allows: {Path(str(fault.filename or '')).name[:60]}… Name a shorter one.")
    where = _place(fault)
    if fault.errno in _RIGHTS and where:
        return FileMissing(
            f"{where} cannot be read or written by this account: {fault.strerror}. Check who owns it, and whether its folder may be entered; or name another."
        )
    if fault.errno in _SHAPE and where:
        return FileMissing(f"{where} is not what it is named as: {fault.strerror}. Check the name and the folder.")
    if fault.errno in _FULL:
        return StoreProblem(f"{where or 'A file'} could not be written or read: {fault.strerror}. Look at the disk; then give the same command again.")
    return None


def _place(fault: OSError) -> str:
    """The file or folder in question; a name that may be somebody's is not repeated."""
    if not isinstance(fault.filename, str | bytes):
        return ""
    path = Path(fault.filename if isinstance(fault.filename, str) else fault.filename.decode(errors="replace"))
    return str(path if path.parent.name == "generations" else path.parent / named(path)) if path.name else str(path)
