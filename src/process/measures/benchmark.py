"""A therapist's benchmark: the clinic's figures beside a therapist's own, made when a quarter's first records are loaded and carried unchanged through it.

The figures are rows of the clinic-wide parameters, already withheld and rounded by `benchmark_rules`: what is not told is not stored. A measure has a benchmark
where its definition says so (`[benchmark]`); the statement named there gives a row a course, and everything else is the same for all.
"""

from __future__ import annotations

import hashlib
from secrets import token_bytes

import numpy as np
import pandas as pd

from process.measures import benchmark_differences as differences
from process.measures import benchmark_rules as rules
from process.measures import catalogue, outcome_change
from process.measures.definition import Benchmark
from process.measures.parameters import Query, sql

PARAMETER = "benchmark"
ATTRIBUTES = ("problem", "modality", "team")
KEYS = ("measure", "group", "point", "band", "attribute", "code")
"""What a figure is apart by: `group` = which of a measure's figures (a form, an ending), `point` = an attended session (0 = none), `attribute` = the one
further attribute, and its `code`."""
SESSIONS = (3, 8, 16, 30)
"""The attended sessions at which a curve has a benchmark: the first bands' last ones; the first is the last of the match window."""
CARRIED_SESSIONS = 6
WIDEST_FIRST = sorted(rules.EVERY_BAND, key=lambda band: rules.EVERY_BAND[band][0] - rules.EVERY_BAND[band][1])
_COLUMNS = ("part", "value", "courses", "therapists")


def declared() -> dict[str, Benchmark]:
    """The measures that have a benchmark, and what it is."""
    found = {name: catalogue.measure(name).definition.benchmark for name in catalogue.names()}
    return {name: about for name, about in found.items() if about is not None}


def estimate(query: Query, parameters: pd.DataFrame, chance: bytes | None = None) -> pd.DataFrame:
    """Every figure that may be told, a row each; `part` = `KEYS` and of how many therapists a viewer may know every course, with `|` between. A first row
    without a `part` says how many there are, so that a benchmark without figures, too, is carried through its quarter. `chance` draws the courses; it is
    fresh at every estimate, so that what is made anew is of other courses."""
    ended = query(sql("benchmark_courses"), settled=rules.SETTLED_DAYS)
    chance, rows = chance if chance is not None else token_bytes(16), []
    for measure, about in declared().items():
        found = _course_by_course(query, parameters, about)
        if len(found):
            rows += _figures(measure, about, ended.merge(found, on="course_id"), chance)
    return pd.DataFrame([("", float(len(rows)), 0, 0), *rows], columns=list(_COLUMNS))


def unpacked(parameters: pd.DataFrame) -> pd.DataFrame:
    """The stored benchmark as a table: `KEYS`, known, value, courses, quarter."""
    rows = parameters[(parameters["parameter"] == PARAMETER) & (parameters["part"] != "")].reset_index(drop=True)
    keys = rows["part"].str.split("|", expand=True).reindex(columns=range(len(KEYS) + 1))
    keys.columns = [*KEYS, "known"]
    table = keys.assign(value=rows["value"], courses=rows["courses"], quarter=rows["quarter"])
    return table.astype({"point": "int64", "known": "int64"}) if len(table) else table


def _course_by_course(query: Query, parameters: pd.DataFrame, about: Benchmark) -> pd.DataFrame:
    """Columns course_id, group, point, part, whole; courses in which nothing was counted are left out."""
    if about.statement == OUTCOME:
        found = outcome_change.categories(query, parameters)
        better = found["category"].isin(("recovered", "improved"))
        return pd.DataFrame({"course_id": found["course_id"], "group": found["form"], "point": 0, "part": better.astype(float), "whole": 1.0})
    found = query(sql(about.statement), **({"carried": CARRIED_SESSIONS} if about.statement == GOALS else {}))
    return found[(found["whole"] > 0) & ((found["point"] == 0) | found["point"].isin(SESSIONS))]


OUTCOME, GOALS = "outcome_categories", "benchmark_goals"


def _figures(measure: str, about: Benchmark, courses: pd.DataFrame, chance: bytes) -> list[tuple]:
    """Rows of `_COLUMNS` for each band, of all courses and of those with one code of one attribute."""
    courses = courses.sort_values(["last_week", "course_id"], kind="stable", na_position="first")
    whose = pd.factorize(courses["therapist_id"])[0]
    length, part, whole = (courses[name].to_numpy(dtype=float) for name in ("completed", "part", "whole"))
    within = {band: (length >= first) & (length <= last) for band, (first, last) in rules.EVERY_BAND.items()}
    numbers, names = zip(*(pd.factorize(courses[name].astype("str"), sort=True) for name in ATTRIBUTES), strict=True)  # -1 = not recorded
    pair, pairs = pd.factorize(pd.MultiIndex.from_arrays([courses["group"].astype("str"), courses["point"].astype("int64")]))
    rows = []
    for group, point in sorted(pairs):
        here = np.flatnonzero(pair == pairs.get_loc((group, point)))
        cells = [("", "", here)]
        for attribute, codes, texts in zip(ATTRIBUTES, numbers, names, strict=True):
            cells += [(attribute, texts[code], here[codes[here] == code]) for code in np.unique(codes[here]) if code >= 0]
        # The wider cells go before: of two that too few courses tell apart, it is the narrower one that is not told.
        places = [(band, attribute, code, with_code[within[band][with_code]]) for band in WIDEST_FIRST for attribute, code, with_code in cells]
        places = [place for place in places if len(place[3]) >= rules.BATCH]
        inside = np.zeros((len(places), len(here)), bool)
        for place, (*_, cell) in enumerate(places):
            inside[place, np.searchsorted(here, cell)] = True
        apart = differences.apart(inside, whose[here], whole[here])
        for band, attribute, code, cell in [place for place, told_apart in zip(places, apart, strict=True) if told_apart]:
            key = "|".join((measure, group, str(point), band, attribute, code))
            cell = cell[: differences.in_batches(whose[cell], whole[cell])]
            cell = cell[rules.sample(len(cell), _seed(chance, key))]
            told = rules.released(whose[cell], part[cell], whole[cell], about.kind == "percent")
            if told is not None:
                rows.append((f"{key}|{told.known}", told.value, told.courses, len(np.unique(whose[cell]))))
    return rows


def _seed(chance: bytes, key: str) -> int:
    return int.from_bytes(hashlib.sha256(chance + key.encode()).digest()[:8], "big")
