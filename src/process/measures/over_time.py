"""A figure month by month: did something change, or does it only go up and down? The individuals (XmR) chart, see `spc`.

A therapist's own view goes by quarters: one caseload has too few appointments and endings in a month for a share to say anything.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Cube
from process.measures.measure import Measure, Query, Result, headlines, unit, whole
from process.measures.spc import is_trial, rules, xmr

SIGNALS = ("outside", "shift", "trend", "two_in_three")
"""The rules in the order in which a point that breaks several is named; their place from 1 is the table's `signal`, 0 = none."""


class OverTime(Measure):
    """A share by month (by quarter in a therapist's own view), over the last complete ones, with the limits within which it moves if nothing changes."""

    additive = False

    def prepare(self, query: Query, **params: object) -> Cube:
        """Counts by length, period and therapist as rows sorted by length, the period as a place from the first that is shown; what has no week apart."""
        own = unit(params) == "courses"
        cells = self.ask(query, params).sort_values("length", kind="stable")
        name, frequency, each = ("quarter", "Q", 3) if own else ("month", "M", 1)
        number = int(self.definition.parameter("months")) // each
        periods = _periods(cells["as_of"].iloc[0], number, frequency) if len(cells) else pd.PeriodIndex([], freq=frequency)
        start = pd.to_datetime(cells["period_start"])
        place = periods.get_indexer(pd.PeriodIndex(start, freq=frequency)) if len(cells) else np.zeros(0, dtype=np.int64)
        rows = {
            "length": cells["length"].to_numpy(dtype=np.int64),
            "period": np.where(start.isna(), -1, place),
            "therapist": pd.factorize(cells["therapist_id"])[0],
            **{name: cells[name].to_numpy(dtype=np.float64) for name in ("occasions", "events", "courses")},
            "unknown": start.isna().to_numpy(),
        }
        return Cube(rows=rows, extra={"periods": periods, "period": name})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a period from the first with any on record; headline `limits`: the mean of the periods and the limits, in percent.

        A period of fewer than the minimum has no share, makes no moving range and breaks no run.
        """
        first, last = (int(np.searchsorted(cube.rows["length"], end, side=side)) for end, side in zip(length, ("left", "right"), strict=True))
        rows = {name: values[first:last] for name, values in cube.rows.items()}
        periods = cube.extra["periods"]
        dated = rows["period"] >= 0
        place = rows["period"][dated]
        occasions, events, courses = (np.bincount(place, weights=rows[name][dated], minlength=len(periods)) for name in ("occasions", "events", "courses"))
        behind = np.unique(np.stack([place, rows["therapist"][dated]], axis=1), axis=0)
        therapists = np.bincount(behind[:, 0], minlength=len(periods))
        started = int(np.argmax(occasions > 0)) if (occasions > 0).any() else len(periods)
        enough = occasions >= self.definition.parameter("minimum_a_period")
        share = np.where(enough, 100.0 * events / np.where(occasions > 0, occasions, np.nan), np.nan)[started:]
        chart = xmr(share)
        broken = rules(share, chart.mean, chart.lower, chart.upper)[list(SIGNALS)].to_numpy()
        signal = np.where(broken.any(axis=1), broken.argmax(axis=1) + 1.0, 0.0) if len(share) else np.zeros(0)
        table = self.table(
            {
                "period": periods.to_timestamp()[started:].to_numpy().astype("datetime64[s]"),
                "share": share,
                "signal": np.where(np.isnan(share), np.nan, signal),
                "occasions": occasions[started:],
                "courses": courses[started:],
                "therapists": therapists[started:],
            }
        )
        # The limits are cut where a share ends: there is nothing below 0 or above 100 %.
        limits = {"estimate": chart.mean, "lower": max(chart.lower, 0.0), "upper": min(chart.upper, 100.0)}
        everyone = {"courses": whole(courses.max()) if len(courses) else 0, "therapists": int(therapists.max()) if len(therapists) else 0}
        notes = {
            "period": cube.extra["period"],
            "limits_are": "trial limits" if is_trial(share) else "limits",
            "without_week": whole(rows["occasions"][rows["unknown"]].sum()),
        }
        return Result(table, headlines({"limits": {**limits, **everyone}}), notes)


class AttendanceOverTime(OverTime):
    """The share of appointments that were attended."""

    name = "attendance_over_time"


class DropoutOverTime(OverTime):
    """The share of endings that were the patient's."""

    name = "dropout_over_time"


def _periods(as_of: object, number: int, frequency: str) -> pd.PeriodIndex:
    """The last `number` months or quarters that are complete on that day."""
    day = pd.Timestamp(as_of).normalize()
    now = day.to_period(frequency)
    return pd.period_range(end=now if day == now.end_time.normalize() else now - 1, periods=number, freq=frequency)
