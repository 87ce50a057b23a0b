"""How much a week holds: sessions, starts and endings by week, for all together and for each therapist."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.caseload import EVERYONE, weeks_up_to
from process.measures.cube import Cube
from process.measures.measure import Measure, Query, Result, headlines

KINDS = ("sessions", "starts", "endings")


class WeeklyWorkload(Measure):
    """Sessions held, courses begun and courses ended in each of the last 52 complete weeks."""

    name = "weekly_workload"
    additive = False  # prefix sums of every length x week x therapist would be far larger than the year's records

    def prepare(self, query: Query, **params: object) -> Cube:
        """The year's counts as rows sorted by length: week, kind and therapist as places, events and courses; what has no week apart."""
        cells = self.ask(query, params).sort_values("length", kind="stable")
        weeks = weeks_up_to(cells["as_of"].iloc[0], int(self.definition.parameter("weeks_shown"))) if len(cells) else ()
        unknown = cells["week"].isna().to_numpy()
        since = pd.to_datetime(cells["week"]).to_numpy()[~unknown]
        place = np.full(len(cells), -1, dtype=np.int64)
        place[~unknown] = (since - weeks[0]) // np.timedelta64(7, "D") if len(since) else 0
        there = (place >= 0) & (place < len(weeks))
        therapists = pd.Index(np.unique(cells["therapist_id"].to_numpy(dtype=object)))
        rows = {
            "length": cells["length"].to_numpy(dtype=np.int64),
            "week": np.where(there, place, -1),
            "kind": pd.Index(KINDS).get_indexer(cells["kind"]),
            "therapist": therapists.get_indexer(cells["therapist_id"]),
            "events": cells["events"].to_numpy(dtype=np.float64),
            "courses": cells["courses"].to_numpy(dtype=np.float64),
            "unknown": unknown,
        }
        return Cube(rows=rows, extra={"weeks": weeks, "therapists": tuple(therapists)})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """A row for every week and kind (therapist_id empty = all), and one for each therapist who had any; headline `week`, the last one."""
        first, last = (int(np.searchsorted(cube.rows["length"], end, side=side)) for end, side in zip(length, ("left", "right"), strict=True))
        rows = {name: values[first:last] for name, values in cube.rows.items()}
        weeks, therapists = cube.extra["weeks"], cube.extra["therapists"]
        shape = (len(weeks), len(KINDS), len(therapists))
        dated = rows["week"] >= 0
        place = np.ravel_multi_index(tuple(rows[name][dated] for name in ("week", "kind", "therapist")), shape) if dated.any() else np.zeros(0, dtype=np.int64)
        events, courses = (np.bincount(place, weights=rows[name][dated], minlength=int(np.prod(shape))).reshape(shape) for name in ("events", "courses"))
        # Everyone stands first in each week and kind, then whoever had any: a therapist without any has no row.
        all_events, all_courses = (np.concatenate([own.sum(axis=2, keepdims=True), own], axis=2) for own in (events, courses))
        working = np.concatenate([(events > 0).sum(axis=2, keepdims=True), events > 0], axis=2)
        shown = (all_events > 0) & bool(dated.any())
        shown[:, :, 0] = bool(dated.any())
        at_week, at_kind, at_name = np.nonzero(shown)
        table = self.table(
            {
                "week": np.array(weeks, dtype="datetime64[s]")[at_week],
                "kind": np.array(KINDS, dtype=object)[at_kind],
                "therapist_id": np.array((EVERYONE, *therapists), dtype=object)[at_name],
                "events": all_events[shown],
                "courses": all_courses[shown],
                "therapists": working[shown],
            }
        )
        now = {kind: int(np.rint(events[-1, at].sum())) if len(weeks) else 0 for at, kind in enumerate(KINDS)}
        seen = int(np.rint(courses[-1, 0].sum())) if len(weeks) else 0
        behind = {"courses": max(seen, now["starts"], now["endings"]), "therapists": int((events[-1] > 0).any(axis=0).sum()) if len(weeks) else 0}
        counted = np.bincount(rows["kind"][rows["unknown"]], weights=rows["events"][rows["unknown"]], minlength=len(KINDS))
        return Result(table, headlines({"week": {**now, **behind}}), {f"{kind}_unknown": int(n) for kind, n in zip(KINDS, counted, strict=True)})
