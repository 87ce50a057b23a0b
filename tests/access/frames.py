"""Answers made by hand, for the rules about what may be seen and what may leave."""

from __future__ import annotations

import pandas as pd


def curve(courses: int = 40, therapists: int = 9, **columns) -> pd.DataFrame:
    """One session of a curve."""
    row = {"session": 1, "share": 50.0, "lower": 34.1, "upper": 65.9, "goals": 40, "courses": courses, "therapists": therapists, "still_in": courses}
    return pd.DataFrame([row | {"why": ""} | columns])
