"""What is on record of ruptures: where somebody looked, of what kind they are, who noticed them, how strong they were, whether they recur."""

from __future__ import annotations

from process.contract.tables import TABLES
from process.measures.cube import Cube, Grid
from process.measures.intervals import clustered_shares
from process.measures.measure import Result, headlines, whole
from process.measures.shares import Shares

KINDS, MOVERS, NOTICERS = (TABLES["ruptures"].column(name).values for name in ("kind", "moved_by", "noticed_by"))
REPAIRS, SCORES = ("repaired", "not_repaired"), ("recovered", "not_recovered", "never_fell", "not_scored")


class RuptureReview(Shares):
    """Attended sessions by whether somebody looked for a rupture, and what was found. A session where nobody looked is neither with nor without one."""

    name = "rupture_review"
    groups = ("rupture_found", "none_found", "nobody_looked", "not_recorded")

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """As every share; headlines `looked` (of the sessions where it is told) and `found` (of the sessions in which somebody looked)."""
        result = super().answer(cube, length)
        rows = {
            "looked": self._of(cube, length, ("rupture_found", "none_found"), ("rupture_found", "none_found", "nobody_looked")),
            "found": self._of(cube, length, ("rupture_found",), ("rupture_found", "none_found")),
        }
        return Result(result.table, headlines(rows), {"attended": result.headlines["sessions"].iloc[0]})

    def _of(self, cube: Cube, length: tuple[int, int], part: tuple[str, ...], of: tuple[str, ...]) -> dict[str, object]:
        parts: Grid = cube.grids["parts"]
        cells = {name: array[:, 0] for name, array in parts.between(length).items()}
        some, every = ([self.groups.index(name) for name in names] for names in (part, of))
        sessions, total = cells["sessions"][some].sum(axis=0), cells["sessions"][every].sum(axis=0)
        once = cube.grids["all"].between(length)["behind"][0, 0]
        share = clustered_shares(total[None, :], sessions[None, :], unit=cube.unit, courses=[once.sum()])
        return {
            "estimate": 100.0 * share.mean[0],
            "lower": 100.0 * share.lower[0],
            "upper": 100.0 * share.upper[0],
            "df": share.df[0],
            "sessions": whole(sessions.sum()),
            "sessions_total": whole(total.sum()),
            "courses": whole(once.sum()),
            "therapists": int(parts.therapists(total)),
            "why": share.why[0],
        }


class RuptureKinds(Shares):
    """Recorded ruptures by kind and by whose move they were."""

    name = "rupture_kinds"
    groups = tuple(f"{kind}_{mover}" for kind in KINDS for mover in MOVERS)


class RuptureNoticedBy(Shares):
    """Recorded ruptures by who noticed them."""

    name = "rupture_noticed_by"
    groups = NOTICERS


class RuptureIntensity(Shares):
    """Recorded ruptures by their intensity."""

    name = "rupture_intensity"
    groups = ("1", "2", "3", "4", "5", "not_recorded")


class RecurringRuptures(Shares):
    """Courses with a recorded rupture by whether ruptures recur in them."""

    name = "recurring_ruptures"
    groups = ("one", "two", "three_or_more", "same_theme")


class RepairAndRecovery(Shares):
    """Recorded ruptures by two facts that are not one: repaired by the two, and the patient's score back where it was."""

    name = "repair_and_recovery"
    groups = tuple(f"{repair}_{score}" for repair in REPAIRS for score in SCORES)
