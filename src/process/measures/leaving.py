"""Who left: courses that ended soon after a rupture, against courses that ended as soon after a session like it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.cube import Cube
from process.measures.measure import Query, Result, headlines, unit
from process.measures.rupture_contrasts import RuptureAgainstLikeSessions, _in_range, _where
from process.measures.weighted import by_group, weighted_contrasts, weighted_shares

ENDINGS = ("any", "patient_stopped", "planned", "therapist_ended", "moved_on")
DIFFERENCES = {"difference": "any", "patient_stopped": "patient_stopped"}


class LeftAfterRupture(RuptureAgainstLikeSessions):
    """The share of courses that ended before the third attended session after, rupture against like session; same cells and weights as contrast (a)."""

    name = "left_after_rupture"

    def prepare(self, query: Query, **params: object) -> Cube:
        """The sessions of both arms, each with what became of its course (percent, a column an ending; NaN = not known yet), sorted by length."""
        found = self.ask(query, params)
        codes = {name: pd.factorize(found[f"{name}_id"]) for name in ("therapist", "cluster", "course")}
        ending, after = found["ending"].to_numpy(dtype=object, na_value=""), found["sessions_after"].to_numpy(dtype=np.int64)
        soon = after < int(self.definition.parameter("sessions"))
        left = np.column_stack([soon & ((ending == name) if name != "any" else ending != "") for name in ENDINGS]) * 100.0
        left[soon & (ending == "")] = np.nan
        rows = {
            "length": found["length"].to_numpy(dtype=np.int64),
            "rank": found["attended_rank"].to_numpy(dtype=np.float64),
            "treated": found["has_rupture"].to_numpy(dtype=bool),
            **{name: places for name, (places, _) in codes.items()},
            "fall": found["fall"].to_numpy(dtype=np.float64, na_value=np.nan),
            "outcome": left[:, 0] if len(left) else np.zeros(0),
            "left": left,
        }
        return Cube(rows=rows, unit=unit(params), extra={f"{name}s": len(labels) for name, (_, labels) in codes.items()})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row an arm and ending; headlines `difference` (all endings) and `patient_stopped`, in percentage points."""
        rows = _in_range(cube, length)
        used, weight = self._matched(rows)
        found = self._apart(rows, used, weight, cube)
        out = self._left_out(rows, used)
        known = self._known(rows)
        notes = {**{name: out[name] for name in ("ruptures", "without_scores", "unmatched")}, "not_known_yet": out["without_outcome"]}
        notes["like_not_known_yet"] = int((~rows["treated"] & known & np.isnan(rows["outcome"])).sum())
        return Result(self._shares(used, weight, cube), headlines(found), notes)

    def _apart(self, rows: dict[str, NDArray], used: dict[str, NDArray], weight: NDArray[np.float64], cube: Cube) -> dict[str, dict[str, object]]:
        gone = [used["left"][:, ENDINGS.index(ending)] for ending in DIFFERENCES.values()]
        contrasts = weighted_contrasts(gone, used["treated"], weight, used["cluster"], self._cells(used), self._covariates(used), unit=cube.unit)
        return {
            name: self._headline(contrast, rows, used) | {"left": int((left[used["treated"]] > 0).sum())}
            for name, contrast, left in zip(DIFFERENCES, contrasts, gone, strict=True)
        }

    def _shares(self, used: dict[str, NDArray], weight: NDArray[np.float64], cube: Cube) -> pd.DataFrame:
        parts = []
        for arm, here in zip(self.arms, (used["treated"], ~used["treated"]), strict=True):
            rows = _where(used, here)
            if not len(rows["left"]):
                continue
            shares = weighted_shares(rows["left"] / 100.0, weight[here], rows["cluster"], int(cube.extra["clusters"]), unit=cube.unit)
            gone = rows["left"] / 100.0
            behind = {name: (by_group(gone, rows[name], int(cube.extra[f"{name}s"])) > 0).sum(axis=0) for name in ("course", "therapist")}
            parts.append(
                {
                    "arm": np.full(len(ENDINGS), arm, dtype=object),
                    "ending": np.array(ENDINGS, dtype=object),
                    **{name: 100.0 * getattr(shares, column) for name, column in (("share", "mean"), ("lower", "lower"), ("upper", "upper"))},
                    "left": gone.sum(axis=0),
                    "sessions": shares.n,
                    "courses": behind["course"],
                    "therapists": behind["therapist"],
                    "of_courses": np.full(len(ENDINGS), len(np.unique(rows["course"]))),
                    "why": shares.why,
                }
            )
        empty = {name: np.zeros(0) for name in (*self.definition.columns,)}
        return self.table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else empty)
