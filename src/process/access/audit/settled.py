"""What one page has asked and nobody has written down yet: a line once its filter has stood still for a second, not one for every move of a slider.

A range that is moved and moved again gets a line every ten seconds all the same, so that nobody looks at the whole clinic in steps of half a second unseen;
`moves` says how many other ranges were passed through since the line before. Only ranges are passed through: as soon as anything else of the filter, the
viewer or the generation is another, what was looked at until then gets its line, however short that was.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from process.access.audit import lines, log
from process.access.viewer import Viewer

SETTLED = 1.0
"""Seconds without a change of the filter after which it counts as settled (SECURITY.md's rule: once for a filter that has settled for a second)."""
RANGE = "length"
"""The one part of a filter that is moved and not chosen."""
AT_LEAST = 10.0
"""Seconds after which a filter that keeps moving is written down as it is then. A convention."""


@dataclass
class _State:
    viewer: Viewer
    generation: str
    filter: Mapping[str, Any]
    measures: dict[str, int]
    since: float
    """When it asked something new last: the second runs from here."""

    @property
    def chosen(self) -> tuple[Any, ...]:
        """All but the range."""
        return self.viewer, self.generation, {name: value for name, value in self.filter.items() if name != RANGE}


@dataclass(eq=False)
class Looking:
    """What a page looks at; one for each `Clinic`. Nothing is kept but the filter, names of measures and numbers of rows."""

    user: str | None = None
    """Who looked last: the only name there is when that person is not known any more."""
    _now: _State | None = None
    _left: list[dict[str, Any]] = field(default_factory=list)
    """Lines of what was looked at before something else was chosen."""
    _written: tuple[Any, set[str]] = field(default_factory=lambda: (None, set()))
    _moves: int = 0
    _begun: float = 0.0

    def by(self, viewer: Viewer) -> Viewer:
        """The viewer, remembered by name."""
        self.user = viewer.user
        return viewer

    def at(self, viewer: Viewer, generation: str, chosen: Mapping[str, Any], measure: str, rows: int) -> None:
        """The page has been given this answer. Raises `LogProblem` while the log cannot be written: then nothing is answered."""
        kept = log.kept()
        if kept is None:
            return
        kept.require()
        with kept.looking:
            now = time.monotonic()
            before = self._now
            if before is None or (before.viewer, before.generation, before.filter) != (viewer, generation, chosen):
                state = _State(viewer, generation, chosen, {}, now)
                if before is not None and before.chosen == state.chosen:
                    self._moves += 1
                else:
                    self._left += self._line(before) if before is not None else []
                    self._begun = now
                self._now = before = state
            if measure not in before.measures:
                before.measures[measure] = rows
                before.since = now
            kept.watch(self)

    @property
    def nothing(self) -> bool:
        """Whether everything has been written."""
        return self._now is None and not self._left

    def due(self, now: float, always: bool = False) -> list[dict[str, Any]]:
        """The lines that are to be written now; called by the log while it holds `looking`."""
        found, self._left, state = self._left, [], self._now
        if state is not None and (always or now - state.since >= SETTLED or now - self._begun >= AT_LEAST):
            found = found + self._line(state)
            self._now = None
        return found

    def _line(self, state: _State) -> list[dict[str, Any]]:
        """The line of that state with what is not in the line before it; none where it is all there."""
        key = (state.viewer, state.generation, tuple(sorted((name, str(value)) for name, value in state.filter.items())))
        known = self._written[1] if self._written[0] == key and not self._moves else set()
        new = {name: rows for name, rows in state.measures.items() if name not in known}
        moves, self._moves = self._moves, 0
        self._written = (key, known | set(new))
        if not new:
            return []
        return [lines.composed("answer", state.viewer, {"generation": state.generation, "filter": state.filter, "measures": new, "moves": moves or None})]
