"""What a clinic decides about its own records: how exact dates are, what becomes of rare people, how many generations are kept. One TOML file.

Every rule has a default that a clinic may make stricter or, for the number of generations, looser; nothing here can switch a protection off that every
clinic has (calendar dates, identifiers and single ages are never taken in, whatever a policy says).
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from process.errors import FileMissing, SettingWrong, did_you_mean

FILE = "policy.toml"
DATES = ("week", "quarter")
RARE = ("report", "coarsen")
SMALLEST_GROUP = (5, 100)
GENERATIONS_KEPT = (1, 20)
_CHOICES = {"dates": DATES, "rare": RARE}
_RANGES = {"smallest_group": SMALLEST_GROUP, "generations_kept": GENERATIONS_KEPT}


@dataclass(frozen=True)
class Policy:
    """A clinic's policy, checked.

    `dates`: sessions carry the Monday of their week, or their course's start quarter alone. `rare`: a combination of attributes that fewer than
    `smallest_group` patients share is reported, or coarsened too. `generations_kept`: how many generations a store keeps, the one served among them.
    """

    dates: str = "week"
    rare: str = "report"
    smallest_group: int = 5
    generations_kept: int = 3

    def __post_init__(self):
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise SettingWrong(f"`{name}` of the policy is not one of {', '.join(allowed)}. {_nearest(value, allowed)}".rstrip())
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise SettingWrong(f"`{name}` of the policy is {value!r}; it must be a whole number from {low} to {high}.")

    def as_toml(self) -> str:
        """The policy as the text of a file that `read` takes."""
        lines = [f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}" for name, value in asdict(self).items()]
        return "\n".join(lines) + "\n"


def read(path: Path, kept: Policy | None = None) -> Policy:
    """The policy that a file holds; what it leaves unsaid is as in `kept` (default: the defaults).

    Raises `FileMissing`, or `SettingWrong` naming the setting and what is allowed.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise FileMissing(f"There is no policy file {path}. Check the name and the folder; docs/intake.md says what stands in it.") from None
    except OSError as problem:
        raise FileMissing(f"Policy file {path} cannot be read: {problem.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise SettingWrong(f"Policy file {path.name} is not TOML in UTF-8: {problem}.") from None
    return _policy(asdict(kept or Policy()), content, path.name)


def of_store(store: Path) -> Policy:
    """The policy that a store keeps, the default where it keeps none. Raises `SettingWrong` where somebody has spoilt the file."""
    path = Path(store) / FILE
    return read(path) if path.is_file() else Policy()


def _policy(kept: dict[str, Any], content: dict[str, Any], file: str) -> Policy:
    known = (*_CHOICES, *_RANGES)
    for name in content:
        if name not in known:
            raise SettingWrong(f"Policy file {file}: `{name}` is not known. {did_you_mean(name, known)}")
    try:
        return Policy(**kept | content)
    except SettingWrong as wrong:
        raise SettingWrong(f"Policy file {file}: {wrong}") from None


def _nearest(value: object, allowed: tuple[str, ...]) -> str:
    return did_you_mean(value, allowed) if isinstance(value, str) else "It is written in quotation marks."
