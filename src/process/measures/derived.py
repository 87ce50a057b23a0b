"""What statistics add to a generation when it is built: clinic-wide parameters, and tables that plain SQL cannot make.

`ESTIMATORS` are asked in order, each seeing the parameters before it; `TABLES` come after, from the summaries and the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from process.measures import within_course
from process.measures.parameters import Estimator, Query, estimate

ESTIMATORS: dict[str, Estimator] = {
    "within_course_sd": within_course.spread,
}
TABLES: dict[str, Callable[[Query, pd.DataFrame], pd.DataFrame]] = {}
STORED = ("clinic_parameters", *TABLES)
"""Every table that a generation has beside the contract's and the summaries."""


def derive(query: Query, earlier: pd.DataFrame | None = None) -> Mapping[str, pd.DataFrame]:
    """The derived tables by name; `earlier` = the parameters of the generation before, of which those of the same quarter are kept."""
    parameters = estimate(query, ESTIMATORS, earlier)
    return {"clinic_parameters": parameters, **{name: table(query, parameters) for name, table in TABLES.items()}}
