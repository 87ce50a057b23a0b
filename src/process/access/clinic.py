"""The one door: a question and a cohort in, what this viewer may see out. There is no other way to a number.

`ask` answers one question. `prepare` makes a lease on a page: everything but the length range is counted once, and `lease.answer` then only adds slices.
Cubes are shared by (generation, scope, filters), never by session; the viewer is looked up again at every answer and disclosure control is applied to it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from process.access.answer import Answer, Stamp
from process.access.cohort import ATTRIBUTES, LONGEST, Cohort
from process.access.disclosure import notes_on_screen, on_screen, parameters_on_screen
from process.access.viewer import Asking, Viewer, looked_up
from process.errors import NotAllowed, QuestionWrong, StoreProblem, did_you_mean
from process.measures import catalogue, derived
from process.measures.cube import Cube
from process.measures.definition import PAGES, Definition
from process.measures.measure import Measure, Result
from process.measures.parameters import stored
from process.store import DuckDBEngine, Generation, current
from process.store.generation import verify

SHARED_CUBES = 200
EVERYONE = "lengths"
"""The measure that counts the courses in range; every lease has it."""


@dataclass
class Records:
    """An opened generation and the cubes that have been made from it; one for the whole server, without any viewer in it.

    `news`: what a page that rests on these records is to be told (that there are newer ones); `ended`: why they answer nothing any more.
    """

    generation: Generation
    engine: DuckDBEngine
    news: str = ""
    ended: str = ""
    _cubes: OrderedDict[tuple, Cube] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The delivery's own row: as_of, clinic, source, origin."""
        return self.engine.query(_sql("manifest")).iloc[0].to_dict()

    @cached_property
    def present(self) -> dict[str, int]:
        """How many rows each relation that a measure may need has."""
        rows = self.engine.query(_sql("present"))
        return dict(zip(rows["relation"], rows["rows"], strict=True))

    def options(self, scope: str | None) -> dict[str, list[str]]:
        """The codes that occur in this scope, by filter; `start` lists the quarters."""
        rows = self.engine.query(_sql("options"), therapist=scope)
        found = {name: rows.loc[rows["filter"] == name, "code"].tolist() for name in (*ATTRIBUTES, "start")}
        return found

    def cube(self, measure: Measure, filters: Mapping[str, str | None], viewer: Viewer) -> Cube:
        """The measure's cube for these filters and this scope, made once."""
        bound = {**filters, "therapist": viewer.scope, "cluster": viewer.cluster}
        key = (measure.definition.name, *sorted(bound.items(), key=lambda item: item[0]))
        with self._lock:
            if key in self._cubes:
                self._cubes.move_to_end(key)
                return self._cubes[key]
        made = measure.prepare(self.engine.query, **bound)
        with self._lock:
            self._cubes[key] = made
            while len(self._cubes) > SHARED_CUBES:
                self._cubes.popitem(last=False)
        return made


@dataclass(frozen=True)
class Lease:
    """A page's questions, prepared for one cohort and one scope. A range move asks `answer` and runs no query, but for what was left to be prepared later.

    `questions` are those that may be asked, `cubes` what has been prepared of them; None = these records have nothing to answer it from.
    """

    clinic: Clinic
    scope: str | None
    cohort: dict[str, str | None]
    described: str
    questions: tuple[str, ...]
    cubes: dict[str, Cube | None] = field(default_factory=dict)
    _sizes: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    def answer(self, name: str, length: tuple[int, int] | None = None) -> Answer:
        """The answer for courses whose length lies in the range (both ends included; None = every length)."""
        measure = catalogue.measure(name)
        if name not in self.questions:
            raise NotAllowed(f"This lease was not prepared for `{name}`.")
        viewer = self.clinic.viewer
        if viewer.scope != self.scope:
            raise NotAllowed("What you may see has changed. Open the page again.")
        bounds = length if length is not None else (0, LONGEST)
        cube = self.prepare(name, viewer)
        missing = self.clinic.missing(name)
        result = measure.answer(cube, bounds) if cube is not None else nothing(measure.definition)
        filtered = self._filtered(bounds, measure.definition)
        table, withheld = on_screen(result.table, measure.definition, viewer, filtered)
        headlines, more = on_screen(result.headlines, measure.definition, viewer, filtered)
        return Answer(
            name=name,
            definition=measure.definition,
            table=table,
            headlines=headlines,
            notes=notes_on_screen(result.notes, *self._size(bounds), measure.definition, viewer, filtered),
            withheld=withheld + more,
            missing=missing,
            sql=measure.sql,
            stamp=self.clinic.stamp(viewer, f"{self.described}, {_range(bounds)}"),
            own=viewer.scope is not None,
            length=bounds,
            basis=self.cohort["basis"] or "",
            filtered=filtered,
        )

    def prepare(self, name: str, viewer: Viewer) -> Cube | None:
        """The question's cube, counted when it is first needed."""
        if name not in self.cubes:
            self.cubes[name] = None if self.clinic.missing(name) else self.clinic.records.cube(catalogue.measure(name), self.cohort, viewer)
        return self.cubes[name]

    def _filtered(self, bounds: tuple[int, int], definition: Definition) -> bool:
        """Whether anything but the team narrows these courses; another basis than `so_far` leaves courses out, too.

        Where rows are single therapists the team narrows them as well; such figures are of ended courses, which are all there on either basis of attended
        sessions.
        """
        whole = ("so_far", "completed") if definition.per_therapist else ("so_far",)
        free = {name for name in self.cohort if name != "basis" and (name != "teams" or definition.per_therapist)}
        return self.cohort["basis"] not in whole or bounds[0] > 0 or bounds[1] < LONGEST or any(self.cohort[name] for name in free)

    def _size(self, bounds: tuple[int, int]) -> tuple[int, int]:
        """How many courses and therapists are in range: what the notes of every answer are about."""
        if bounds not in self._sizes:
            cube = self.cubes[EVERYONE]
            row = catalogue.measure(EVERYONE).answer(cube, bounds).headlines.loc["in_range"] if cube is not None else {"courses": 0, "therapists": 0}
            self._sizes[bounds] = int(row["courses"]), int(row["therapists"])
        return self._sizes[bounds]


@dataclass(frozen=True)
class Clinic:
    """A clinic as one viewer may see it."""

    records: Records
    asking: Asking

    @property
    def viewer(self) -> Viewer:
        """The viewer as of now; raises `NotAllowed` when there is none any more, or when these records are not served any more."""
        if self.records.ended:
            raise NotAllowed(self.records.ended)
        return looked_up(self.asking)

    def ask(self, name: str, cohort: Cohort | None = None) -> Answer:
        """The answer to one question about one cohort (default: every course that has a length on the cohort's basis)."""
        cohort = cohort or Cohort()
        return self.prepare(name, cohort).answer(name, cohort.length)

    def prepare(self, page: str, cohort: Cohort, first: Collection[str] | None = None) -> Lease:
        """A lease on a page's questions, or on the single measure of that name, for everything but the length range.

        With `first`, only those questions are prepared now, and each of the others when it is asked first.
        """
        if page not in PAGES and page not in catalogue.names():
            raise QuestionWrong(f"`{page}` is neither a page nor a measure. {did_you_mean(page, (*PAGES, *catalogue.names()))}")
        names = dict.fromkeys((EVERYONE, *(catalogue.names(page) if page in PAGES else (page,))))
        viewer = self.viewer
        lease = Lease(self, viewer.scope, cohort.parameters(), _described(cohort), tuple(names))
        for name in names:
            if first is None or name in (EVERYONE, *first):
                lease.prepare(name, viewer)
        return lease

    def parameters(self) -> pd.DataFrame:
        """The clinic-wide parameters of this generation, the same for everybody who is signed in; what has too few courses behind it is withheld."""
        assert self.viewer
        return parameters_on_screen(stored(self.records.engine.query))

    def options(self) -> dict[str, list[str]]:
        """The codes this viewer can filter by."""
        return self.records.options(self.viewer.scope)

    def basis(self, wanted: str) -> str:
        """The length basis to start from: the wanted one, or `so_far` where these records know no length on it."""
        return wanted if self.records.present.get(wanted) else "so_far"

    def missing(self, name: str) -> tuple[str, ...]:
        """The tables that this measure needs and these records do not have."""
        present = self.records.present
        return tuple(table for table in catalogue.measure(name).definition.needs if not present.get(table))

    def stamp(self, viewer: Viewer, cohort: str) -> Stamp:
        """Where this clinic's answers come from."""
        about = self.records.manifest
        return Stamp(
            clinic=about["clinic"],
            origin=about["origin"],
            source=about["source"],
            as_of=pd.Timestamp(about["as_of"]).strftime("%Y-%m-%d"),
            generation=self.records.generation.name,
            viewer="own courses" if viewer.scope else "whole clinic",
            cohort=cohort,
        )


def open_records(store: Path) -> Records:
    """The store's current generation, opened locked and read-only; `StoreProblem` when the folder is not a store or a bit of the generation has changed."""
    return opened_generation(current(store))


def opened_generation(generation: Generation) -> Records:
    """A generation, opened locked and read-only once every bit of it has been checked (some half a second a gigabyte)."""
    if set(derived.STORED) - set(generation.manifest["counts"]):
        raise StoreProblem(
            f"Store {generation.store} was filled by an earlier version of this product. Bring it up to date with "
            f"`therapy-process migrate {generation.store}`, or load its files again with `therapy-process intake`."
        )
    verify(generation)
    return Records(generation, DuckDBEngine.open(generation))


def nothing(definition: Definition) -> Result:
    """The result of a question that these records cannot answer: no rows, the right columns."""
    headlines = pd.DataFrame(columns=["courses", "therapists"])
    return Result(pd.DataFrame(columns=list(dict.fromkeys([*definition.columns, "courses", "therapists"]))), headlines, {})


def _described(cohort: Cohort) -> str:
    parts = [f"{name}: {', '.join(getattr(cohort, name))}" for name in ATTRIBUTES if getattr(cohort, name)]
    if any(cohort.start):
        parts.append(f"started {cohort.start[0] or 'any time'} to {cohort.start[1] or 'now'}")
    return "; ".join(parts) or "all courses"


def _range(bounds: tuple[int, int]) -> str:
    low, high = bounds
    if low <= 0 and high >= LONGEST:
        return "every length"
    return f"{low} sessions and more" if high >= LONGEST else f"{low} to {high} sessions"


def _sql(name: str) -> str:
    return resources.files("process.access").joinpath(f"{name}.sql").read_text()
