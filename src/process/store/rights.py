"""Who can read what lies in a store: its owner all of it, and nobody else any of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from process.store.findings import Finding
from process.store.folder import ASIDE, FILE_MODE, FOLDER_MODE


def readable(store: Path) -> Iterator[Finding]:
    """Whether this account can read all of it; nothing else that is found can be relied on before that."""
    refused: list[str] = []
    for place, folders, files in os.walk(store, onerror=lambda error: refused.append(Path(str(error.filename)).name)):
        for name in folders + files:
            path = Path(place, name)
            if not name.startswith(ASIDE) and not path.is_symlink() and not _open_to_us(path):
                refused.append(name)
    if refused:
        others = f", and {len(set(refused)) - 1} more," if len(set(refused)) > 1 else ""
        yield Finding(
            f"`{refused[0]}`{others} in {store} cannot be read by this account.",
            "Give the command as the account that owns the store, or give the owner that right again: folders 0700, files 0600. Nothing else was looked at.",
        )


def _open_to_us(path: Path) -> bool:
    return os.access(path, os.R_OK | os.X_OK if path.is_dir() else os.R_OK, effective_ids=os.access in os.supports_effective_ids)


def privacy(store: Path) -> Iterator[Finding]:
    """Whether nobody but the owner can read any of it."""
    places = [store, *(path for path in store.rglob("*") if not path.is_symlink() and not path.name.startswith(ASIDE))]
    open_ones = [path for path in places if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:

        def close() -> str:
            for path in open_ones:
                path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)
            return f"{len(open_ones)} files and folders are their owner's alone again."

        yield Finding(
            f"{len(open_ones)} files or folders can be read by others than their owner, `{open_ones[0].name}` among them.",
            "`--mend` takes that away. Ask who could read them until now.",
            mend=close,
        )


__all__ = ["privacy", "readable"]
