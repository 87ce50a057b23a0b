"""What a demo clinic is made from: its size, its seed, the size of its effects, and the assumptions in `data/demo/clinic.toml`.

The three effects are multiples: 1 is the calibrated clinic, 0 is the same clinic with the effect switched off and every other random draw kept.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from process import shipped
from process.errors import SettingWrong

MEAN_SESSIONS = 11  # attended sessions a course in the default clinic, to size a larger one


@cache
def shipped_numbers() -> Mapping[str, Mapping[str, Any]]:
    """The assumptions that ship with the product, by section of `data/demo/clinic.toml`."""
    return tomllib.loads(shipped.folder("data", "demo", "clinic.toml").read_text(encoding="utf-8"))


def _default(name: str) -> Any:
    return field(default_factory=lambda: shipped_numbers()["clinic"][name])


@dataclass(frozen=True)
class Settings:
    """What clinic to simulate.

    `courses` and `therapists` are counts ≥ 1, `seed` a whole number ≥ 0, `as_of` the day the records end, `years` how far back they begin.
    `rupture_effect` scales what a rupture does to alliance and outcome, `repair_effect` what its repair does; both leave everything else as it is.
    `leaving_effect` scales how many leave with a rupture open: it changes who is there, so it is not part of a paired run.
    `numbers` are the assumptions by section. A value that is not allowed raises `SettingWrong`.
    """

    courses: int = _default("courses")
    therapists: int = _default("therapists")
    seed: int = _default("seed")
    as_of: date = _default("as_of")
    years: float = _default("years")
    rupture_effect: float = 1.0
    repair_effect: float = 1.0
    leaving_effect: float = 1.0
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=shipped_numbers, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated, by name."""
        for name, least in (("courses", 1), ("therapists", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise SettingWrong(f"`{name}` of the demo clinic is {value!r}; it must be a whole number from {least}. Leave it out for the default.")
        if not 0.25 <= self.years <= 50:
            raise SettingWrong(f"`years` of the demo clinic is {self.years!r}; allowed is 0.25 to 50.")
        for name in ("rupture_effect", "repair_effect", "leaving_effect"):
            if not 0 <= getattr(self, name) <= 5:
                raise SettingWrong(f"`{name}` of the demo clinic is {getattr(self, name)!r}; allowed is 0 (off) to 5, 1 is the calibrated size.")

    @classmethod
    def for_sessions(cls, sessions: int, **others: Any) -> Settings:
        """A clinic of about that many attended sessions, with 60 courses a therapist: for benchmarks."""
        courses = max(1, round(sessions / MEAN_SESSIONS))
        return cls(**{"courses": courses, "therapists": max(1, round(courses / 60)), **others})
