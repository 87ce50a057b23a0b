"""How far scores of the alliance usually swing within a course, over the whole clinic."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.parameters import Query, sql


def spread(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """The pooled within-course standard deviation of the alliance in POMP points, a row a rater; raters without two scores in any course have none."""
    scores = query(sql("within_course_sd"))
    apart = scores["pomp"] - scores.groupby(["rater", "course_id"])["pomp"].transform("mean")
    by_course = scores.assign(square=apart**2).groupby(["rater", "course_id"], as_index=False)
    courses = by_course.agg(square=("square", "sum"), scores=("pomp", "size"), therapist_id=("therapist_id", "first"))
    by_rater = courses[courses["scores"] >= 2].groupby("rater")
    pooled = by_rater.agg(square=("square", "sum"), scores=("scores", "sum"), courses=("course_id", "size"), therapists=("therapist_id", "nunique"))
    pooled["value"] = np.sqrt(pooled["square"] / (pooled["scores"] - pooled["courses"]))
    return pooled.rename_axis("part").reset_index()[["part", "value", "courses", "therapists"]]
