"""What of the clinic stands beside a therapist's own figures: the quarter's benchmark of the band that their range falls in, or why there is none.

Nothing is worked out here. The figures were made, withheld and rounded when the quarter's first records were loaded (`measures.benchmark`); the range and the
filters only choose one of them, and the choice rests on nothing but the range and the filters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from process.access.scope import Scope
from process.measures import benchmark_rules
from process.measures.definition import Benchmark, Definition

_LISTS = {"problem": "problems", "modality": "modalities", "team": "teams"}
_OTHERS = ("endings", "start_from", "start_to")
ENDED = "It is of ended courses: choose lengths \u201ccompleted\u201d to read it."
_NEEDS = f"it needs {benchmark_rules.LEAST_COURSES} of {benchmark_rules.LEAST_OTHERS} other therapists, none with more than half, "
_NEEDS += "from the next wider figure differing by none or by as many, none of them a course in which far more is counted than in the others"
_EITHER_WAY = f"{benchmark_rules.LEAST_EITHER_WAY} in which it happened and {benchmark_rules.LEAST_EITHER_WAY} in which it did not"
LACKS = f"Too few courses: {_NEEDS}."
PERCENT_LACKS = f"Too few courses, or too few in which it happened or did not: {_NEEDS}, and {_EITHER_WAY}."


@dataclass(frozen=True)
class Beside:
    """The benchmark of one answer. `rows`: group, point (attended session, 0 = none), value, courses; `covers`: of which courses, in words; `lacks`: why
    there is nothing, in words."""

    about: Benchmark
    rows: pd.DataFrame
    covers: str = ""
    quarter: str = ""
    lacks: str = ""

    def lines(self) -> list[str]:
        """The benchmark as plain text, a line for each of the measure's figures."""
        if self.lacks:
            return [f"Clinic's benchmark: none. {self.lacks}"]
        return [f"Clinic's benchmark {self.quarter}, {self.covers}: {what}: {', '.join(told)}" for what, told in self.told().items()]

    def told(self) -> dict[str, list[str]]:
        """What is told of, and its values in words, each with its attended session if it has one and about how many courses it is of."""
        unit = " %" if self.about.kind == "percent" else " of 100 points"
        found: dict[str, list[str]] = {}
        for row in self.rows.itertuples():
            what = self.about.says.get(row.group) or self.about.says["*"].format(group=row.group)
            at = f" in session {row.point:.0f}" if row.point else ""
            found.setdefault(what, []).append(f"{row.value:g}{unit}{at} (about {row.courses:.0f} courses)")
        return found


Figures = Mapping[tuple[str, str, str, str], pd.DataFrame]
"""The quarter's figures by measure, band, attribute and code: columns group, point, value, courses, known, quarter."""


def by_place(unpacked: pd.DataFrame) -> Figures:
    """`measures.benchmark.unpacked` by what a range and filters choose, once for a generation: choosing must cost nothing while a range is dragged."""
    columns = ["group", "point", "value", "courses", "known", "quarter"]
    if not len(unpacked):
        return {}
    ordered = unpacked.sort_values(["group", "point"], kind="stable")
    places = ordered.groupby(["measure", "band", "attribute", "code"], sort=False)
    return {place: rows[columns].reset_index(drop=True) for place, rows in places}


def beside(figures: Figures, definition: Definition, scope: Scope, cohort: Mapping[str, str | None], length: tuple[int, int]) -> Beside | None:
    """The benchmark for whoever sees the courses of `scope` only; None for everybody else, for whoever sees nobody's, and where the measure has none.

    It is of ended courses, so on another basis than `completed` it is not told beside figures that are of all. `cohort` holds the bound filters. With one
    code of one attribute it is of courses with that code, in the narrowest band that tells something; else, and where that tells nothing, of all courses of
    a band.
    """
    about = definition.benchmark
    if about is None or not scope:
        return None
    nothing = pd.DataFrame({"group": [], "point": [], "value": [], "courses": []})
    if cohort.get("basis") != "completed":
        return Beside(about, nothing, lacks=ENDED)
    bands = list(benchmark_rules.bands_around(length))
    for band, attribute, code in [(band, attribute, code) for attribute, code in _attributes(cohort) for band in bands]:
        rows = figures.get((definition.name, band, attribute, code))
        if rows is not None and len(scope) > 1:
            rows = rows[rows["known"] >= len(scope)].reset_index(drop=True)
        if rows is not None and len(rows):
            narrowed = sum(bool(cohort.get(name)) for name in (*_LISTS.values(), *_OTHERS)) - bool(attribute)
            covers = _covered(band, attribute, code) + ("; your other filters do not narrow it" if narrowed else "")
            return Beside(about, rows, covers, str(rows["quarter"].iloc[0]))
    return Beside(about, nothing, lacks=PERCENT_LACKS if about.kind == "percent" else LACKS)


def _attributes(cohort: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """The one attribute and code that the filters name, before none at all."""
    chosen = {name: (cohort.get(many) or "").strip("|").split("|") for name, many in _LISTS.items() if cohort.get(many)}
    single = [(name, codes[0]) for name, codes in chosen.items() if len(codes) == 1 and len(chosen) == 1]
    return [*single, ("", "")]


def _covered(band: str, attribute: str, code: str) -> str:
    first, last = benchmark_rules.EVERY_BAND[band]
    much = (
        "of every length"
        if band == benchmark_rules.EVERY_LENGTH
        else f"of {first} sessions and more"
        if band.endswith("+")
        else f"of {first} to {last} sessions"
    )
    return f"ended courses {much}" + (f", {attribute} {code}" if attribute else "")
