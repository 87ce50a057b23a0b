"""What statistics add to a generation when it is built: clinic-wide parameters, and tables that plain SQL cannot make.

`ESTIMATORS` are asked in order, each seeing the parameters before it; `TABLES` come after, from the summaries and the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from process.measures import (
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
STORED = ("clinic_parameters", *TABLES)
"""Every table that a generation has beside the contract's and the summaries."""


def derive(query: Query, earlier: pd.DataFrame | None = None) -> Mapping[str, pd.DataFrame]:
    """The derived tables by name; `earlier` = the parameters of the generation before, of which those of the same quarter are kept."""
    parameters = estimate(query, ESTIMATORS, earlier)
    return {"clinic_parameters": parameters, **{name: table(query, parameters) for name, table in TABLES.items()}}
