"""The files that a person names for a load or a draft: each there, a file, and of a folder those that count; what cannot be looked at is said."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from process.errors import FileMissing
from process.intake.faults import named


def files_of(places: Iterable[Path], suffix: str) -> list[Path]:
    """The files themselves, a folder standing for the files in it that end in `suffix`, in alphabetical order.

    `FileMissing` for what is not there, is a folder without such files, is neither (a pipe would be waited for without end), or cannot be looked at.
    """
    found: list[Path] = []
    for place in map(Path, places):
        try:
            inside = _inside(place, suffix) if place.is_dir() else [place]
            if not inside:
                raise FileMissing(f"Folder {place} holds no {suffix.upper()} file.")
            for path in inside:
                if not path.exists():
                    raise FileMissing(f"There is no file {path}. Check the name and the folder.")
                if not path.is_file() and not path.is_dir():  # a folder that is named like a file is refused where it is read
                    raise FileMissing(f"{path} is no file: a pipe or a device is not read. Write what it gives into a file, and name that.")
        except PermissionError as error:
            what = "Folder" if error.filename == str(place) and place.parent.is_dir() else "File"
            where = place.parent / named(place)
            raise FileMissing(f"{what} {where} cannot be read: {error.strerror}. Check who owns it, and who may enter its folder.") from None
        found += inside
    return found


def _inside(folder: Path, suffix: str) -> list[Path]:
    """As `Path.glob`, which says of a folder that it may not look into that it is empty."""
    return sorted(folder / name for name in os.listdir(folder) if name.endswith(f".{suffix}"))
