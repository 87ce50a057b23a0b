"""The numbers that decide what is withheld and how coarsely the rest is told, and what screen and export both ask of a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.definition import Definition

MINIMUM_COURSES = 8
MINIMUM_THERAPISTS = 2
MINIMUM_OF_A_THERAPIST = 20
COUNT_STEP = 5
MEAN_STEP = 0.5

Floats = NDArray[np.float64]
FIGURES = ("share", "mean", "estimate", "lower", "upper", "df")
THERAPISTS = ("therapists", "compared_therapists")
THERAPIST = "therapist_id"
WHOLE = "of_courses"
TOTAL = "_total"


def of_therapists(frame: pd.DataFrame, definition: Definition) -> bool:
    """Whether the rows are single therapists."""
    return definition.per_therapist and THERAPIST in frame


def numbers(values: pd.Series) -> Floats:
    """A column as numbers, missing ones as NaN."""
    return values.to_numpy(dtype=float, na_value=np.nan)


def nearest(values: Floats, step: float) -> Floats:
    """Rounded to a step; no minus before a zero."""
    return np.round(values / step) * step + 0.0
