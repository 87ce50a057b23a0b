"""Finding a mapping file: among those shipped or by its path, read and checked, so that whatever it leaves unsaid is refused and not assumed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from process.errors import FileMissing, SettingWrong, did_you_mean
from process.intake.mappings.file import checked
from process.intake.mappings.language import BadRow, Mapping, Part, Scored, Take
from process.shipped import folder


def shipped_names() -> tuple[str, ...]:
    """The mappings that come with the product."""
    return tuple(sorted(path.stem for path in folder("data", "mappings").glob("*.toml")))


def find(mapping: str | Path) -> Mapping:
    """The mapping of that name among those shipped, or in that file. Raises `SettingWrong` or `FileMissing`, naming the place in the file."""
    path = place(mapping)
    try:
        return checked(path, tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingWrong(f"{path} is not a TOML file: {error}.") from None


def place(mapping: str | Path) -> Path:
    """Where the mapping of that name, or that file, lies."""
    path = Path(mapping)
    if path.suffix == ".toml":
        if not path.is_file():
            raise FileMissing(f"There is no mapping file {path}. Shipped mappings: {', '.join(shipped_names())}.")
        return path
    if str(mapping) in shipped_names():
        return folder("data", "mappings", f"{mapping}.toml")
    raise SettingWrong(f"No mapping `{mapping}` is shipped. {did_you_mean(str(mapping), shipped_names())} Your own is given as a file that ends in .toml.")


def fitting(header: Iterable[str]) -> list[str]:
    """The shipped mappings that speak of exactly these columns."""
    names = set(header)
    return [name for name in shipped_names() if set(find(name).columns) == names]


__all__ = ["BadRow", "Mapping", "Part", "Scored", "Take", "find", "fitting", "place", "shipped_names"]
