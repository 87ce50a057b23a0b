"""The one door: a question and a cohort in, what this viewer may see out. There is no other way to a number.

`ask` answers one question. `prepare` makes a lease on a page: everything but the length range is counted once, and `lease.answer` then only adds slices.
Cubes and their results are shared by (generation, scope, filters), never by session; the viewer is looked up again at every answer, and disclosure control is
applied to each anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from process.access import audit
from process.access.answer import Answer, Stamp
from process.access.benchmark import Figures, beside, by_place
from process.access.cohort import ATTRIBUTES, LONGEST, Cohort, Range
from process.access.disclosure import notes_on_screen, on_screen, parameters_on_screen
from process.access.leaving import KEPT_BACK, kept_by_filters, spoken
from process.access.scope import Scope, bound, narrowed, scoped, within
from process.access.unseen import unseen
from process.access.viewer import Asking, Viewer, looked_up
from process.errors import NotAllowed, QuestionWrong, StoreProblem, did_you_mean
from process.measures import benchmark, catalogue, derived
from process.measures.cube import Cube
from process.measures.definition import PAGES, Definition
from process.measures.measure import Measure, Result
from process.measures.parameters import stored
from process.store import DuckDBEngine, Generation, current
from process.store.generation import verify

SHARED_CUBES = 200
SHARED_RESULTS = 500
"""Results that are kept, a few kilobytes each: what everybody sees who opens a page, and the filters that somebody goes back to."""
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
    _results: OrderedDict[tuple, Result] = field(default_factory=OrderedDict)
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

    @cached_property
    def benchmark(self) -> Figures:
        """The quarter's benchmark, the same for everybody who has one."""
        return by_place(benchmark.unpacked(stored(self.engine.query)))

    def options(self, scope: Scope) -> dict[str, list[str]]:
        """The codes that occur in this scope, by filter; `start` lists the quarters, `therapist` the therapists."""
        rows = self.engine.query(_sql("options"), therapists=bound(scope))
        return {name: rows.loc[rows["filter"] == name, "code"].tolist() for name in (*ATTRIBUTES, "start", "therapist")}

    def cube(self, measure: Measure, filters: Mapping[str, str | None], scope: Scope) -> Cube:
        """The measure's cube for these filters and this scope, made once."""
        parameters = {**filters, **scoped(scope)}
        return self._kept(self._cubes, SHARED_CUBES, _key(measure, parameters), lambda: measure.prepare(self.engine.query, **parameters))

    def result(self, measure: Measure, filters: Mapping[str, str | None], scope: Scope, bounds: Range, cube: Cube) -> Result:
        """The measure's figures for these lengths, before anything is withheld, worked out once; `cube` is the one for these filters and this scope."""
        key = (*_key(measure, {**filters, **scoped(scope)}), bounds)
        return self._kept(self._results, SHARED_RESULTS, key, lambda: measure.answer(cube, bounds))

    def _kept(self, kept: OrderedDict[tuple, Any], most: int, key: tuple, make: Callable[[], Any]) -> Any:
        with self._lock:
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        made = make()
        with self._lock:
            kept[key] = made
            while len(kept) > most:
                kept.popitem(last=False)
        return made


@dataclass(frozen=True)
class Lease:
    """A page's questions, prepared for one cohort and one scope. A range move asks `answer` and runs no query, but for what was left to be prepared later.

    `scope` is the viewer's own, `therapists` those of it that the cohort keeps; None = the whole clinic. `questions` are those that may be asked, `cubes`
    what has been prepared of them; None = these records have nothing to answer it from. `kept` = why these filters keep figures from leaving.
    """

    clinic: Clinic
    scope: Scope
    therapists: Scope
    cohort: dict[str, str | None]
    described: str
    questions: tuple[str, ...]
    cubes: dict[str, Cube | None] = field(default_factory=dict)
    kept: str = ""
    _sizes: dict[Range, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    def answer(self, name: str, length: Range | None = None) -> Answer:
        """The answer for courses whose length lies in the range (both ends included; None = every length)."""
        catalogue.measure(name)  # which says it of a name that is none
        viewer = self.clinic.viewer
        if name not in self.questions:
            audit.note("refused", viewer, measure=name, why="not prepared")
            raise NotAllowed(f"This lease was not prepared for `{name}`.")
        if viewer.scope != self.scope or not within(viewer, self.therapists):
            audit.note("refused", viewer, measure=name, why="scope has changed")
            raise NotAllowed("What you may see has changed. Open the page again.")
        bounds = length if length is not None else (0, LONGEST)
        found = self._found(name, viewer, bounds)
        self.clinic.looking.at(viewer, self.clinic.records.generation.name, self._chosen(bounds), name, len(found.table))
        return found

    def _found(self, name: str, viewer: Viewer, bounds: Range) -> Answer:
        """What this viewer may see of it, for these lengths; nobody's look is noted."""
        measure = catalogue.measure(name)
        cube = self.prepare(name)
        missing = self.clinic.missing(name)
        records = self.clinic.records
        result = records.result(measure, self.cohort, self.therapists, bounds, cube) if cube is not None else nothing(measure.definition)
        filtered = self._filtered(bounds, measure.definition)
        table, withheld = on_screen(result.table, measure.definition, viewer, filtered)
        headlines, more = on_screen(result.headlines, measure.definition, viewer, filtered, table)
        notes = notes_on_screen(dict(result.notes), *self._size(bounds), measure.definition, viewer, filtered)
        return Answer(
            name=name,
            definition=measure.definition,
            table=table,
            headlines=headlines,
            notes=notes,
            withheld=withheld + more,
            missing=missing,
            sql=measure.sql,
            stamp=self.clinic.stamp(viewer, f"{self.described}, {spoken(bounds)}"),
            own=viewer.role == "therapist",
            scope=self.therapists,
            sees=viewer.sees,
            unseen=unseen(table, headlines, len(result.notes) - len(notes), measure.definition.per_therapist, filtered),
            names=viewer.names,
            length=bounds,
            basis=self.cohort["basis"] or "",
            filtered=filtered,
            benchmark=beside(self.clinic.records.benchmark, measure.definition, viewer.scope, self.cohort, bounds),
            at=partial(self._found, name, viewer),
            kept=self.kept,
            leaving=partial(self._leaving, name),
        )

    def _leaving(self, name: str, form: str, bounds: Range, rows: int) -> None:
        """An answer is to be exported: the viewer is looked up once more, and it is noted before anything leaves."""
        viewer = self.clinic.viewer
        if viewer.scope != self.scope or not within(viewer, self.therapists):
            audit.note("refused", viewer, measure=name, why="scope has changed")
            raise NotAllowed("What you may see has changed. Open the page again.")
        if self.kept and viewer.role != "therapist":
            audit.note("refused", viewer, measure=name, why="filters too narrow to export")
            raise NotAllowed(KEPT_BACK.format(self.kept))
        audit.note("export", viewer, generation=self.clinic.records.generation.name, filter=self._chosen(bounds), measure=name, rows=rows, form=form)

    def _chosen(self, bounds: Range) -> dict[str, Any]:
        """The filter as the audit log writes it: what was chosen, and nothing of what was found."""
        low, high = bounds
        chosen: dict[str, Any] = {name: value.strip("|").split("|") if name in ATTRIBUTES.values() else value for name, value in self.cohort.items() if value}
        chosen |= {"therapist": list(self.therapists or ())} if self.therapists != self.scope else {}
        return chosen | ({"length": f"{low}-{high if high < LONGEST else ''}"} if low > 0 or high < LONGEST else {})

    def prepare(self, name: str) -> Cube | None:
        """The question's cube, counted when it is first needed."""
        if name not in self.cubes:
            self.cubes[name] = None if self.clinic.missing(name) else self.clinic.records.cube(catalogue.measure(name), self.cohort, self.therapists)
        return self.cubes[name]

    def _filtered(self, bounds: Range, definition: Definition) -> bool:
        """Whether anything but the team narrows these courses; another basis than `so_far` leaves courses out, too.

        Where rows are single therapists the team narrows them as well; such figures are of ended courses, which are all there on either basis of attended
        sessions.
        """
        whole = ("so_far", "completed") if definition.per_therapist else ("so_far",)
        free = {name for name in self.cohort if name != "basis" and (name != "teams" or definition.per_therapist)}
        return self.cohort["basis"] not in whole or bounds[0] > 0 or bounds[1] < LONGEST or any(self.cohort[name] for name in free)

    def _size(self, bounds: Range) -> tuple[int, int]:
        """How many courses and therapists are in range: what the notes of every answer are about."""
        if bounds not in self._sizes:
            cube = self.cubes[EVERYONE]
            row: Mapping[Any, Any] = {"courses": 0, "therapists": 0}
            if cube is not None:
                row = self.clinic.records.result(catalogue.measure(EVERYONE), self.cohort, self.therapists, bounds, cube).headlines.loc["in_range"]
            self._sizes[bounds] = int(row["courses"]), int(row["therapists"])
        return self._sizes[bounds]


@dataclass(frozen=True)
class Clinic:
    """A clinic as one viewer may see it."""

    records: Records
    asking: Asking
    looking: audit.Looking = field(default_factory=audit.Looking, compare=False, repr=False)

    @property
    def viewer(self) -> Viewer:
        """The viewer as of now; raises `NotAllowed` when there is none any more, or when these records are not served any more."""
        if self.records.ended:
            raise NotAllowed(self.records.ended)
        try:
            return self.looking.by(looked_up(self.asking))
        except NotAllowed:
            audit.note("refused", self.looking.user, why="access has ended")
            raise

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
        therapists = narrowed(viewer, cohort.therapist)
        quarters = self.records.options(viewer.scope)["start"] if any(cohort.start) else ()
        kept = kept_by_filters(cohort.parameters(), (therapists or ()) if therapists != viewer.scope else (), quarters)
        lease = Lease(self, viewer.scope, therapists, cohort.parameters(), _described(cohort, viewer.scope), tuple(names), kept=kept)
        for name in names:
            if first is None or name in (EVERYONE, *first):
                lease.prepare(name)
        return lease

    def parameters(self) -> pd.DataFrame:
        """The clinic-wide parameters of this generation but for the benchmark, which stands beside the figures; what has too few courses behind it is
        withheld, and whoever sees some therapists only reads the rest coarsely."""
        viewer = self.viewer
        found = stored(self.records.engine.query)
        return parameters_on_screen(found[found["parameter"] != benchmark.PARAMETER].reset_index(drop=True), viewer)

    def options(self) -> dict[str, list[str]]:
        """The codes this viewer can filter by; therapists only a supervisor, who sees each of theirs."""
        viewer = self.viewer
        found = self.records.options(viewer.scope)
        return found if viewer.role == "supervisor" else {**found, "therapist": []}

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
            viewer=viewer.sees,
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


def _key(measure: Measure, parameters: Mapping[str, Any]) -> tuple:
    """What a cube is of, whoever asks: the measure, the filters, and the therapists whose courses are counted."""
    return (measure.definition.name, *sorted(parameters.items(), key=lambda item: item[0]))


def nothing(definition: Definition) -> Result:
    """The result of a question that these records cannot answer: no rows, the right columns."""
    headlines = pd.DataFrame(columns=["courses", "therapists"])
    return Result(pd.DataFrame(columns=list(dict.fromkeys([*definition.columns, "courses", "therapists"]))), headlines, {})


def _described(cohort: Cohort, scope: Scope) -> str:
    parts = [f"{name}: {', '.join(getattr(cohort, name))}" for name in ATTRIBUTES if getattr(cohort, name)]
    if any(cohort.start):
        parts.append(f"started {cohort.start[0] or 'any time'} to {cohort.start[1] or 'now'}")
    if cohort.therapist:
        parts.append(f"of {len(cohort.therapist)}{'' if scope is None else f' of {len(scope)}'} therapists")
    return "; ".join(parts) or "all courses"


def _sql(name: str) -> str:
    return resources.files("process.access").joinpath(f"{name}.sql").read_text()
