"""How far scores of the alliance usually swing within a course, over the whole clinic."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.parameters import Query, sql


def spread(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """The pooled within-course standard deviation of the alliance in POMP points, a row a rater; raters without two scores in any course have none."""
    scores = query(sql("within_course_sd"))
    whose = [pd.factorize(scores[name])[0] for name in ("rater", "course_id")]
    begin = np.flatnonzero(np.any([np.diff(codes, prepend=-1) != 0 for codes in whose], axis=0))  # a rater's scores of a course stand together
    length = np.diff(np.append(begin, len(scores)))
    pomp = scores["pomp"].to_numpy(dtype=np.float64)
    mean = np.add.reduceat(pomp, begin) / length if len(begin) else pomp
    square = np.add.reduceat((pomp - np.repeat(mean, length)) ** 2, begin) if len(begin) else pomp
    courses = scores[["rater", "therapist_id"]].iloc[begin].assign(square=square, scores=length)
    by_rater = courses[courses["scores"] >= 2].groupby("rater")
    sums = {name: (name, "sum") for name in ("square", "scores")}
    pooled = by_rater.agg(**sums, courses=("square", "size"), therapists=("therapist_id", "nunique"))
    pooled["value"] = np.sqrt(pooled["square"] / (pooled["scores"] - pooled["courses"]))
    return pooled.rename_axis("part").reset_index()[["part", "value", "courses", "therapists"]]
