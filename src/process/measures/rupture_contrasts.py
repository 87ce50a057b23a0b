"""The two comparisons that do not look into the future to choose their sessions: rupture against like sessions, and repaired against not yet repaired.

A score picked because it is low rises next time by chance alone. Both contrasts therefore compare sessions that fell alike, and both follow them only up to
their own next rupture. They match and weigh anew in every range, so they cannot be added up: the sessions themselves are kept, sorted by length.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.cube import Cube
from process.measures.matching import bands, changes, crossed, mean_of_known, weights
from process.measures.measure import Measure, Query, Result, headlines, unit
from process.measures.weighted import Contrast, by_group, weighted_contrast, weighted_means

BEFORE = (-3, -2, -1)


class RuptureContrast(Measure):
    """What both contrasts share: sessions matched in cells, the arms' curves around them, and the adjusted difference of the outcome."""

    additive = False
    arms: tuple[str, str]
    treated: str
    counted: tuple[str, str]
    offsets: tuple[int, ...]

    def prepare(self, query: Query, **params: object) -> Cube:
        """The sessions of both arms with their changes from baseline, sorted by length."""
        found = self.ask(query, params)
        columns = [f"before_{-at}" if at < 0 else "onset" if at == 0 else f"after_{at}" for at in self.offsets]
        change = changes(found, columns, self.offsets)
        therapist, therapists = pd.factorize(found["therapist_id"])
        cluster, clusters = pd.factorize(found["cluster_id"])
        course, courses = pd.factorize(found["course_id"])
        rows = {
            "length": found["length"].to_numpy(dtype=np.int64),
            "rank": found["attended_rank"].to_numpy(dtype=np.float64),
            "treated": found[self.treated].to_numpy(dtype=bool),
            "therapist": therapist,
            "cluster": cluster,
            "course": course,
            "change": change,
            "fall": -change[:, self.offsets.index(0)],
            "outcome": mean_of_known(change[:, [self.offsets.index(at) for at in self._window()]]),
        }
        extra = {"therapists": len(therapists), "clusters": len(clusters), "courses": len(courses)}
        return Cube(rows=rows, unit=unit(params), extra=extra)

    def _window(self) -> range:
        first, last = self.definition.parameter("outcome_sessions")
        return range(int(first), int(last) + 1)

    def _cells(self, rows: dict[str, NDArray]) -> NDArray[np.int64]:
        raise NotImplementedError

    def _covariates(self, rows: dict[str, NDArray]) -> NDArray[np.float64]:
        raise NotImplementedError

    def _known(self, rows: dict[str, NDArray]) -> NDArray[np.bool_]:
        return ~np.isnan(self._covariates(rows)).any(axis=1)

    def _matched(self, rows: dict[str, NDArray]) -> tuple[dict[str, NDArray], NDArray[np.float64]]:
        """The rows that are compared, with their weights."""
        usable = _where(rows, self._known(rows) & ~np.isnan(rows["outcome"]))
        weight = weights(usable["treated"], self._cells(usable), usable["therapist"])
        return _where(usable, weight > 0), weight[weight > 0]

    def _difference(self, rows: dict[str, NDArray], cube: Cube) -> tuple[dict[str, object], dict[str, NDArray], NDArray[np.float64]]:
        """The headline row of those sessions, with the rows that were compared and their weights."""
        used, weight = self._matched(rows)
        contrast = weighted_contrast(used["outcome"], used["treated"], weight, used["cluster"], self._cells(used), self._covariates(used), unit=cube.unit)
        return self._headline(contrast, rows, used), used, weight

    def _headline(self, contrast: Contrast, rows: dict[str, NDArray], used: dict[str, NDArray]) -> dict[str, object]:
        ruptures, compared = self.counted
        return {
            "estimate": contrast.estimate,
            "lower": contrast.lower,
            "upper": contrast.upper,
            "df": contrast.df,
            ruptures: int(rows["treated"].sum()),
            compared: int((~used["treated"]).sum()),
            "matched": int(used["treated"].sum()),
            "compared_therapists": len(np.unique(used["therapist"])),
            **{name: self._in_smaller_arm(used, column) for name, column in (("courses", "course"), ("therapists", "therapist"))},
            "why": contrast.why,
        }

    def _in_smaller_arm(self, used: dict[str, NDArray], column: str) -> int:
        """How many different ones stand behind the arm that has fewer: it is the smaller one that a difference could single out."""
        return min(len(np.unique(used[column][used["treated"]])), len(np.unique(used[column][~used["treated"]])))

    def _curves(self, used: dict[str, NDArray], weight: NDArray[np.float64], cube: Cube) -> pd.DataFrame:
        """One row an arm and offset: the weighted mean change of the sessions that are compared."""
        parts = []
        for arm, here in zip(self.arms, (used["treated"], ~used["treated"]), strict=True):
            rows = _where(used, here)
            means = weighted_means(rows["change"], weight[here], rows["cluster"], int(cube.extra["clusters"]), unit=cube.unit)
            known = (~np.isnan(rows["change"])).astype(np.float64)
            shown = means.n > 0
            parts.append(
                {
                    "arm": np.full(shown.sum(), arm, dtype=object),
                    "offset": np.array(self.offsets)[shown],
                    "mean": means.mean[shown],
                    "lower": means.lower[shown],
                    "upper": means.upper[shown],
                    "sessions": means.n[shown],
                    "courses": (by_group(known, rows["course"], int(cube.extra["courses"])) > 0).sum(axis=0)[shown],
                    "therapists": (by_group(known, rows["therapist"], int(cube.extra["therapists"])) > 0).sum(axis=0)[shown],
                    "why": means.why[shown],
                }
            )
        return self.table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def _left_out(self, rows: dict[str, NDArray], used: dict[str, NDArray], both: bool = False) -> dict[str, int]:
        """How many ruptures are not compared, and why; `both` = the rows of both arms are ruptures."""
        treated, known = rows["treated"] | both, self._known(rows)
        followed = known & ~np.isnan(rows["outcome"])
        return {
            "ruptures": int(treated.sum()),
            "without_scores": int((treated & ~known).sum()),
            "without_outcome": int((treated & known & ~followed).sum()),
            "unmatched": int((treated & followed).sum() - (used["treated"] | both).sum()),
        }


class RuptureAgainstLikeSessions(RuptureContrast):
    """Contrast (a): what follows a session with a rupture, against what follows sessions that fell alike without one."""

    name = "rupture_against_like_sessions"
    arms = ("rupture", "like")
    treated = "has_rupture"
    counted = ("ruptures", "like_sessions")
    offsets = (*BEFORE, 0, 1, 2, 3)

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row an arm and offset; headline `difference` of the mean over the outcome sessions, as change from baseline."""
        rows = _in_range(cube, length)
        headline, used, weight = self._difference(rows, cube)
        return Result(self._curves(used, weight, cube), headlines({"difference": headline}), self._left_out(rows, used))

    def _cells(self, rows: dict[str, NDArray]) -> NDArray[np.int64]:
        return crossed(bands(rows["rank"], self.definition.parameter("session_bands")), bands(rows["fall"], self.definition.parameter("fall_bands")))

    def _covariates(self, rows: dict[str, NDArray]) -> NDArray[np.float64]:
        return rows["fall"][:, None]


class RepairedAgainstNotYet(RuptureContrast):
    """Contrast (b): courses still in therapy at the landmark after a rupture, repaired by then against not yet repaired."""

    name = "repaired_against_not_yet"
    arms = ("repaired", "not_yet")
    treated = "repaired_by_landmark"
    counted = ("repaired", "not_yet")
    offsets = (*BEFORE, 0, 1, 2, 3, 4, 5, 6)

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row an arm and offset; headline `difference` of the mean over the outcome sessions."""
        rows = _in_range(cube, length)
        headline, used, weight = self._difference(rows, cube)
        notes = self._left_out(rows, used, both=True)
        return Result(self._curves(used, weight, cube), headlines({"difference": headline}), notes)

    def _length_to_date(self, rows: dict[str, NDArray]) -> NDArray[np.int64]:
        return bands(rows["rank"] + int(self.definition.parameter("landmark")), self.definition.parameter("session_bands"))

    def _at_landmark(self, rows: dict[str, NDArray]) -> NDArray[np.float64]:
        return rows["change"][:, self.offsets.index(int(self.definition.parameter("landmark")))]

    def _cells(self, rows: dict[str, NDArray]) -> NDArray[np.int64]:
        fall = bands(rows["fall"], self.definition.parameter("fall_bands"))
        return crossed(self._length_to_date(rows), fall, bands(self._at_landmark(rows), self.definition.parameter("landmark_bands")))

    def _covariates(self, rows: dict[str, NDArray]) -> NDArray[np.float64]:
        return np.column_stack([rows["fall"], self._at_landmark(rows)])


class RepairByLength(RepairedAgainstNotYet):
    """Contrast (b) again, one difference for each band of length to date at the landmark."""

    name = "repair_by_length"
    asks = "repaired_against_not_yet"

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a band of length to date, in order, also where there are too few to compare."""
        rows = _in_range(cube, length)
        band = self._length_to_date(rows)
        edges = [1, *(int(edge) for edge in self.definition.parameter("session_bands"))]
        names = [f"{low}-{high - 1}" for low, high in zip(edges[:-1], edges[1:], strict=True)] + [f"{edges[-1]}+"]
        found = [self._difference(_where(rows, band == place), cube)[0] for place in range(len(names))]
        found = found if any(row["matched"] + row["not_yet"] for row in found) else []
        table = self.table(
            {
                "length_to_date": np.array(names[: len(found)], dtype=object),
                **{name: np.array([row[name] for row in found], dtype=np.float64) for name in ("estimate", "lower", "upper")},
                "repaired": [row["matched"] for row in found],
                **{name: [row[name] for row in found] for name in ("not_yet", "courses", "therapists")},
                "why": np.array([row["why"] for row in found], dtype=object),
            }
        )
        used, _ = self._matched(rows)
        compared = {name: self._in_smaller_arm(used, column) for name, column in (("courses", "course"), ("therapists", "therapist"))}
        return Result(table, headlines({"compared": compared}), {})


def _in_range(cube: Cube, length: tuple[int, int]) -> dict[str, NDArray]:
    first = np.searchsorted(cube.rows["length"], length[0], side="left")
    last = max(np.searchsorted(cube.rows["length"], length[1], side="right"), first)
    return {name: array[first:last] for name, array in cube.rows.items()}


def _where(rows: dict[str, NDArray], mask: NDArray[np.bool_]) -> dict[str, NDArray]:
    return {name: array[mask] for name, array in rows.items()}
