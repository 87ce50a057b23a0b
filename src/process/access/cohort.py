"""Which courses a question is about: every filter, in one place, and its canonical link.

The filter state is this one object. Pages bind widgets to it, notebooks set it by hand, and a link carries it: `to_query` and `from_query` are each
other's inverse. What is derived from it (counts, chips, bound parameters) is derived, never stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

import param

from process.contract.tables import CODE, ENDINGS
from process.errors import QuestionWrong, did_you_mean

BASES = ("completed", "so_far", "planned")
ATTRIBUTES = {"team": "teams", "modality": "modalities", "problem": "problems", "ending": "endings"}
THERAPIST = "therapist"
LISTS = (*ATTRIBUTES, THERAPIST)
"""The filters that are lists of codes; `therapist` is the only one that is not bound as it stands."""
LONGEST = 9999
Range = tuple[int, int]

_QUARTER = re.compile(r"[0-9]{4}-Q[1-4]")
_LENGTH = re.compile(r"([0-9]{1,4})-([0-9]{0,4})")


class Cohort(param.Parameterized):
    """The courses asked about.

    `length` is a range of attended sessions, both ends included, or None for every length; `basis` says which length: of courses that have ended
    (`completed`), to date (`so_far`) or as agreed at the start (`planned`). The lists name codes; an empty list means all. `start` is the first and the
    last quarter in which a course began (`2024-Q1`), either may be empty. `therapist` keeps the courses of some of the therapists that a supervisor (or an
    analyst) sees; it can only narrow, see `access.scope`.
    """

    basis = param.Selector(default="completed", objects=list(BASES))
    length = param.Tuple(default=None, length=2, allow_None=True)
    team = param.List(default=[], item_type=str)
    modality = param.List(default=[], item_type=str)
    problem = param.List(default=[], item_type=str)
    ending = param.List(default=[], item_type=str)
    start = param.Tuple(default=("", ""), length=2)
    therapist = param.List(default=[], item_type=str)

    @property
    def bounds(self) -> tuple[int, int]:
        """The length range with both ends filled in."""
        return self.length if self.length is not None else (0, LONGEST)

    def parameters(self) -> dict[str, str | None]:
        """The bound parameters of `cohort.sql`, everything but the length range and the viewer's scope."""
        bound: dict[str, str | None] = {many: _joined(getattr(self, one)) for one, many in ATTRIBUTES.items()}
        return bound | {"basis": self.basis, "start_from": self.start[0] or None, "start_to": self.start[1] or None}

    def reset(self, basis: str) -> None:
        """Take every filter away and go back to a page's own length basis."""
        self.param.update(basis=basis, length=None, start=("", ""), **{name: [] for name in LISTS})

    def to_query(self, default_basis: str) -> str:
        """The canonical query string without `?`, empty when nothing is filtered; the basis is named wherever it matters, so that a link means
        the same on a page with another default."""
        pairs = []
        if self.length is not None or self.basis != default_basis:
            pairs.append(("basis", self.basis))
        if self.length is not None:
            low, high = self.length
            pairs.append(("length", f"{low}-{'' if high >= LONGEST else high}"))
        for name in LISTS:
            pairs += [(name, code) for code in sorted(getattr(self, name))]
        pairs += [(name, quarter) for name, quarter in zip(("from", "to"), self.start, strict=True) if quarter]
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)

    @classmethod
    def from_query(cls, query: str, default_basis: str, known: Mapping[str, Iterable[str]]) -> tuple[Cohort, list[str]]:
        """The cohort that a link describes, and a sentence for each of its values that is not known; the others are kept.

        `known` lists the codes that occur under `team`, `modality`, `problem` and `ending`, the quarters under `start`, and under `therapist` those whom
        this viewer may choose; where there are none, `therapist` is no filter.
        """
        state: dict[str, Any] = {"basis": default_basis}
        start = ["", ""]
        problems: list[str] = []
        for name, value in parse_qsl(query.lstrip("?"), keep_blank_values=True):
            try:
                if name in ATTRIBUTES or (name == THERAPIST and known.get(name)):
                    state.setdefault(name, []).append(_known(name, value, known.get(name, ())))
                elif name in ("from", "to"):
                    start[name == "to"] = _quarter(name, value, known.get("start", ()))
                elif name == "basis":
                    state["basis"] = _known(name, value, BASES)
                elif name == "length":
                    state["length"] = _range(value)
                else:
                    raise QuestionWrong(f"`{_printable(name)}` is not a filter, so it was left out. {did_you_mean(_printable(name), _NAMES)}")
            except QuestionWrong as wrong:
                problems.append(str(wrong))
        if start[0] and start[1] and start[0] > start[1]:
            problems.append(f"The start period ends ({start[1]}) before it begins ({start[0]}); it was left out.")
            start = ["", ""]
        for name in LISTS:
            if name in state:
                state[name] = sorted(set(state[name]))
        return cls(start=tuple(start), **state), problems


_NAMES = ("basis", "length", *ATTRIBUTES, "from", "to")


def _joined(codes: list[str]) -> str | None:
    """The codes as one bound string, `|a|b|`; no code can contain the bar (see `contract.tables.CODE`)."""
    for code in codes:
        if not re.fullmatch(CODE, code):
            raise QuestionWrong(f"`{_printable(code)}` is not a code. Codes have up to 40 letters, digits, spaces and _ . / -.")
    return f"|{'|'.join(sorted(codes))}|" if codes else None


def _printable(text: str) -> str:
    """A value from outside, safe to repeat: short, and only the characters a code may have."""
    return re.sub(r"[^A-Za-z0-9 _./-]", "?", text)[:40]


def _known(name: str, value: str, known: Iterable[str]) -> str:
    known = list(known) or list(ENDINGS if name == "ending" else ())
    if value not in known or not re.fullmatch(CODE, value):
        if name == THERAPIST:
            raise QuestionWrong("A therapist of this link is nobody whose courses you see, and was left out.")
        hint = did_you_mean(_printable(value), known) if known else "These records have none."
        raise QuestionWrong(f"`{_printable(value)}` is not {'an' if name == 'ending' else 'a'} {name} in these records, so it was left out. {hint}")
    return value


def _quarter(name: str, value: str, known: Iterable[str]) -> str:
    if not _QUARTER.fullmatch(value):
        raise QuestionWrong(f"`{name}={_printable(value)}` is not a quarter, so it was left out. Write it like `2025-Q2`.")
    return _known("quarter", value, known)


def _range(value: str) -> tuple[int, int]:
    match = _LENGTH.fullmatch(value)
    low, high = (int(match[1]), int(match[2] or LONGEST)) if match else (1, 0)
    if low > high:
        raise QuestionWrong(f"`length={_printable(value)}` is not a range of sessions, so it was left out. Write it like `9-30`, or `9-` for 9 and more.")
    return low, high
