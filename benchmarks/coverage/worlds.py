"""One clinic in several worlds that share every random draw: effects on, effects off. Records go through the product's own summaries and measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb
import pandas as pd

from process.contract.tables import TABLES
from process.demo import Settings, simulate
from process.demo.settings import shipped_numbers
from process.measures import expectation, within_course
from process.measures.measure import COHORT_PARAMETERS
from process.measures.parameters import estimate
from process.store import build, working
from process.store.types import as_frame

Query = Callable[..., pd.DataFrame]

EVERYONE = {**dict.fromkeys(COHORT_PARAMETERS), "basis": "so_far", "cluster": "therapist"}
LATE_FROM = 17
_LATE = {**shipped_numbers(), "repair": {**shipped_numbers()["repair"], "gain_from": LATE_FROM}}
WORLDS: dict[str, dict] = {
    "both": {},
    "none": {"rupture_effect": 0.0, "repair_effect": 0.0},
    "no_repair": {"repair_effect": 0.0},
    "late": {"numbers": _LATE},
}
"""What ruptures and repairs do: as calibrated; nothing; repairs nothing; repairs only from session 17 on."""
ESTIMATED = ("both", "none")
"""The worlds in which contrast (c) is asked."""
_RECORDS = ("manifest", "courses", "sessions", "scores", "ruptures", "rupture_steps")
_SUMMARIES = {name: select for name, select in build.summaries() if name in ("attended", "course_facts", "alliance_scores", "rupture_facts", "session_windows")}
_OF_SCORES = ("alliance_scores", "rupture_facts", "session_windows")
_ESTIMATORS = {"within_course_sd": within_course.spread, expectation.PARAMETER: expectation.autoregression}


@dataclass(frozen=True)
class World:
    """One world, ready to be asked; with estimates also its clinic-wide parameters and what is expected after its dips, stored as in a generation."""

    name: str
    query: Query
    parameters: pd.DataFrame | None


def worlds(courses: int, therapists: int, seed: int) -> Iterator[World]:
    """The clinic in one world after the other; each is gone when the next comes."""
    connection = duckdb.connect(config={"threads": "1"})

    def query(sql: str, **params: object) -> pd.DataFrame:
        return as_frame(connection.execute(sql, params))

    try:
        working.put_registry(connection)
        for name, effects in WORLDS.items():
            records = simulate(Settings(courses=courses, therapists=therapists, seed=seed, **effects))
            first = name == next(iter(WORLDS))
            frames, _ = working.numbered(connection, {table: records[table] for table in _RECORDS})
            for table in _RECORDS if first else ("scores",):  # worlds differ in the scores only: tests/demo/test_pairs.py
                working.put(connection, TABLES[table], frames[table])
            for summary in _SUMMARIES if first else _OF_SCORES:
                connection.execute(f'create or replace table "{summary}" as {_SUMMARIES[summary]}')
            parameters = estimate(query, _ESTIMATORS) if name in ESTIMATED else None
            connection.execute('drop table if exists "dip_expectations"')
            if parameters is not None:
                working.put_frame(connection, "dip_expectations", expectation.dip_expectations(query, parameters))
            yield World(name, query, parameters)
    finally:
        connection.close()
