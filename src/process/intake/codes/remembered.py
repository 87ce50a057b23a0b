"""When courses began, as a clinic's sealed table of codes remembers it: the one place where a calendar date of a person stays, outside the store.

A store holds days since a course's first appointment. An export of one week holds dates, and not that appointment: without it no day could be counted.
Remembered is, by display code, which appointment it was and its date. As long as a course has none to count from (so far nobody came), the dates of all its
appointments are remembered, so that their days can be filled in once it has. A set belongs to the generation that was published with it, by the token of the
table's save: the next week is counted by the set of what is served, whatever a load that failed or was rolled back past had read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_LISTS = ("started", "started number", "started date")
_WAITING = ("waiting", "waiting number", "waiting date")
ANY = "*"
"""In place of a token: the set of a table of an earlier release, which kept one and did not say whose; it is taken for that of what is served."""


@dataclass
class Starts:
    """`since`: what days are counted from, `first` or `first_attended`; "" = nothing is remembered. `firsts`: course → (session number, date; "" = undated).

    `waiting`: course → session number → date, of the appointments of courses that had, when they were read, none to count from. Dates are YYYY-MM-DD.
    """

    since: str = ""
    firsts: dict[str, tuple[int, str]] = field(default_factory=dict)
    waiting: dict[str, dict[int, str]] = field(default_factory=dict)

    def knows(self, course: str) -> bool:
        """Whether anything is remembered of a course."""
        return course in self.firsts or course in self.waiting

    def forget(self, course: str) -> None:
        """Remember nothing of a course any more."""
        self.firsts.pop(course, None)
        self.waiting.pop(course, None)

    def and_of(self, other: Starts) -> Starts:
        """The same with what a part of an export has told beside it, a set of its own."""
        waiting = {course: self.waiting.get(course, {}) | dates for course, dates in other.waiting.items()}
        return Starts(self.since, self.firsts | other.firsts, self.waiting | waiting)

    def under(self, names: dict[str, str]) -> Starts:
        """The same with other names for courses; a course without one is left out."""
        firsts = {names[course]: first for course, first in self.firsts.items() if course in names}
        return Starts(self.since, firsts, {names[course]: dates for course, dates in self.waiting.items() if course in names})

    def lists(self) -> dict[str, list[str]]:
        """As it is kept in the table of codes: lists of text of one length."""
        firsts = [(course, str(number), day) for course, (number, day) in self.firsts.items()]
        waiting = [(course, str(number), day) for course, dates in self.waiting.items() for number, day in dates.items()]
        found = {}
        for names, rows in ((_LISTS, firsts), (_WAITING, waiting)):
            found |= {name: [row[at] or "-" for row in rows] for at, name in enumerate(names)}
        return found

    @classmethod
    def from_lists(cls, since: str, lists: dict[str, list[str]]) -> Starts:
        """What `lists` gave; nothing of a table of an earlier release."""
        rows = [list(zip(*(lists.get(name, []) for name in names), strict=True)) for names in (_LISTS, _WAITING)]
        found = cls(since, {course: (int(number), "" if day == "-" else day) for course, number, day in rows[0]})
        for course, number, day in rows[1]:
            found.waiting.setdefault(course, {})[int(number)] = day
        return found


@dataclass
class Kept:
    """The starts of the last generations: `sets`, by the token of the save that each was published with, the latest last."""

    sets: dict[str, Starts] = field(default_factory=dict)

    def of(self, token: str) -> Starts | None:
        """What is remembered for the generation that was published with this save; None where nothing is."""
        return self.sets.get(token, self.sets.get(ANY))

    def keep(self, token: str, starts: Starts | None, served: str, many: int) -> None:
        """Remember `starts` (None = nothing) for the generation that is published with the save `token`; the latest `many` sets stay, and that of `served`."""
        wanted = ({served: self.of(served)} if served else {}) | {token: starts}
        others = {name: kept for name, kept in self.sets.items() if name not in (ANY, *wanted)}
        self.sets = others | {name: kept for name, kept in wanted.items() if kept is not None}
        self.sets = dict(list(self.sets.items())[-max(many, 2) :])

    def forget(self, course: str) -> None:
        """Remember nothing of a course any more, in any set."""
        for starts in self.sets.values():
            starts.forget(course)

    def lists(self) -> dict[str, list[str]]:
        """As they are kept in the table of codes, each list named by its token."""
        return {f"{name} {token}": entries for token, starts in self.sets.items() for name, entries in starts.lists().items()}

    @classmethod
    def from_lists(cls, since: dict[str, str], lists: dict[str, list[str]]) -> Kept:
        """What `lists` gave. `since`: of each token's set what days are counted from."""
        names = (*_LISTS, *_WAITING)
        return cls({token: Starts.from_lists(begin, {name: lists.get(f"{name} {token}", []) for name in names}) for token, begin in since.items()})
