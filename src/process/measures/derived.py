"""What statistics add to a generation when it is built: clinic-wide parameters, and tables that plain SQL cannot make.

`ESTIMATORS` are asked in order, each seeing the parameters before it; `TABLES` come after, from the summaries and the parameters.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from process.measures import (
    benchmark,
    case_mix,
    dropout,
    expectation,
    expected_course,
    fair,
    goal_impasse,
    goal_lineage,
    match_window,
    outcome_change,
    outcome_gains,
    possible_ruptures,
    within_course,
)
from process.measures.parameters import Estimator, Query, estimate

ESTIMATORS: dict[str, Estimator] = {
    "within_course_sd": within_course.spread,
    expectation.PARAMETER: expectation.autoregression,
    "first_alliance_sd": possible_ruptures.first_alliance_sd,
    "expected_bands": expected_course.bands,
    "early_alliance_thirds": match_window.thirds,
    "median_length": dropout.median_length,
    **case_mix.ESTIMATORS,
    **fair.ESTIMATORS,
    benchmark.PARAMETER: benchmark.estimate,
}
TABLES: dict[str, Callable[[Query, pd.DataFrame], pd.DataFrame]] = {
    "goal_chains": goal_lineage.generations,
    "impasse_sessions": goal_impasse.stretches,
    "dips": possible_ruptures.dips,
    "dip_sessions": possible_ruptures.dip_sessions,
    "dip_expectations": expectation.dip_expectations,
    "outcome_changes": outcome_change.categories,
    "sudden_shifts": outcome_gains.sudden_shifts,
    "expected_places": expected_course.places,
    "case_mix": case_mix.table,
}
TOGETHER: tuple[Callable[[Query, pd.DataFrame], Mapping[str, pd.DataFrame]], ...] = (possible_ruptures.found,)
"""What makes several of `TABLES` from one reading."""
_LARGEST_KEPT = 200_000  # rows
STORED = ("clinic_parameters", *TABLES)
"""Every table that a generation has beside the contract's and the summaries."""


def derive(query: Query, earlier: pd.DataFrame | None = None) -> Iterator[tuple[str, pd.DataFrame]]:
    """The derived tables by name, as they are made; `earlier` = the parameters of the generation before, of which those of the same quarter are kept."""
    _load()
    ask = remembering(query)
    parameters = estimate(ask, ESTIMATORS, earlier)
    yield "clinic_parameters", parameters
    yield from _made(ask, parameters)


def _load() -> None:
    """Load what takes half a second to load while the summaries are made that the first question waits for."""
    importlib.import_module("scipy.optimize")
    benchmark.declared()


def tables(query: Query, parameters: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    """`TABLES` by name, of what `query` answers and these parameters."""
    return dict(_made(query, parameters))


def _made(query: Query, parameters: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    together: set[str] = set()
    for make in TOGETHER:
        for name, frame in make(query, parameters).items():
            together.add(name)
            yield name, frame
    for name, table in TABLES.items():
        if name not in together:
            yield name, table(query, parameters)


def remembering(query: Query) -> Query:
    """The same query, which runs a statement without parameters once, where its answer is small enough to be kept."""
    known: dict[str, pd.DataFrame] = {}

    def ask(sql: str, **params: object) -> pd.DataFrame:
        if params or sql not in known:
            answer = query(sql, **params)
            if params or len(answer) > _LARGEST_KEPT:
                return answer
            known[sql] = answer
        return known[sql].copy()

    return ask
