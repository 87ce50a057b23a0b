"""When courses began, as a clinic's sealed table of codes remembers it: the one place where a calendar date of a person stays, outside the store.

A store holds days since a course's first appointment. An export of one week holds dates, and not that appointment: without it no day could be counted.
Remembered is, by display code, which appointment it was and its date. As long as a course has none to count from (so far nobody came), the dates of all its
appointments are remembered, so that their days can be filled in once it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_LISTS = ("started", "started number", "started date")
_WAITING = ("waiting", "waiting number", "waiting date")


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

    def take(self, other: Starts, whole: bool) -> None:
        """Remember what a load has read too; `whole`: it held everything, so that nothing else is remembered."""
        if whole:
            self.since, self.firsts, self.waiting = other.since, dict(other.firsts), dict(other.waiting)
            return
        self.firsts |= other.firsts
        for course, dates in other.waiting.items():
            self.waiting[course] = self.waiting.get(course, {}) | dates

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
