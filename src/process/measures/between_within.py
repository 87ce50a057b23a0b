"""What a score owes to the person and what to the session: trait-like and state-like parts (between and within courses)."""

from __future__ import annotations

import numpy as np
import pandas as pd


def decompose(frame: pd.DataFrame, value: str, course: str, session: str | None = None, causal: bool = False) -> pd.DataFrame:
    """Each score as grand mean + (course mean - grand mean) + (score - course mean).

    Person-mean centring (Zilcha-Mano 2017, American Psychologist 72(4), 311-325; Curran & Bauer 2011, Annual Review of Psychology 62, 583-619). `frame` has a
    row a session; `value`, `course` and `session` name columns: scores in any one unit (NaN = not measured), the course's id and the session's number. The
    grand mean is over all scores.

    With `causal` the course mean is that of the course's *earlier* sessions only, so that no later score changes what is said about a session; the first has
    none (NaN), and two rows of one session do not know of each other. Earlier is told by `session`, without one by the rows' order. The grand mean stays that
    of all scores: it is a clinic-wide parameter.

    A frame[grand_mean, between, within] with the index of `frame`, in the units of `value`: the three add up to the score. `within` is NaN where the score
    is; a row without course (or, causal, without session) has neither `between` nor `within`. `ValueError`: a named column is not there.
    """
    for name in (value, course) if session is None else (value, course, session):
        if name not in frame.columns:
            raise ValueError(f"there is no column `{name}`; there are {', '.join(f'`{known}`' for known in frame.columns)}")
    scores = frame[value].to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(scores)
    grand = float(scores[known].mean()) if known.any() else np.nan
    rows = pd.DataFrame({"course": pd.factorize(frame[course])[0], "n": known.astype(np.float64), "total": np.where(known, scores - grand, 0.0)})
    lost = rows["course"].to_numpy() < 0
    if causal:
        rows["session"] = rows.groupby("course").cumcount() if session is None else frame[session].to_numpy(dtype=np.float64, na_value=np.nan)
        lost |= rows["session"].isna().to_numpy()
        together = rows.groupby(["course", "session"], sort=True)[["n", "total"]].sum()
        earlier = together.groupby(level="course").cumsum() - together
        sums = rows[["course", "session"]].join(earlier, on=["course", "session"])
    else:
        sums = rows.groupby("course")[["n", "total"]].transform("sum")
    n, total = (sums[name].to_numpy(dtype=np.float64) for name in ("n", "total"))
    between = np.where(lost, np.nan, total / np.where(n > 0, n, np.nan))
    return pd.DataFrame({"grand_mean": grand, "between": between, "within": scores - grand - between}, index=frame.index)
