"""The patient's alliance around recorded ruptures: what is on record, as a description, for all of them and apart by kind, by whose move, by length.

The fates are defined by what the curves then show, so they are not compared; the comparisons that answer whether repair matters are in `rupture_contrasts`.
"""

from __future__ import annotations

import numpy as np

from process.measures.cube import Cube, grid
from process.measures.dips import Episode as Episode  # also asked for under this module's name
from process.measures.dips import dips as dips
from process.measures.intervals import clustered_means, clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole

FATES = ("repaired", "not_repaired")


class AllianceAfterRupture(Measure):
    """Mean change of the patient's alliance from three sessions before a recorded rupture to six after, for repaired and not repaired ones."""

    name = "alliance_after_rupture"
    asks = "alliance_around_ruptures"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Ruptures and total change by length, fate, offset and cluster; counts of ruptures and of sessions reviewed."""
        before, after = (int(self.definition.parameter(name)) for name in ("sessions_before", "sessions_after"))
        offsets = range(-before, after + 1)
        counted = ["ruptures", "repaired", "not_placed", "without_baseline", "courses"]
        grids = {
            "changes": grid(self.ask(query, params), ["ruptures", "total", "courses"], "distance", offsets, "part", FATES),
            "ruptures": grid(self.ask(query, params, statement("rupture_counts")), counted),
            "sessions": grid(self.ask(query, params, statement("session_review")), ["sessions", "told", "reviewed", "unrated"]),
        }
        return Cube(grids, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a fate and offset with a score; headline `repaired_share`."""
        changed = cube.grids["changes"]
        cells = {name: np.moveaxis(array, 0, 1) for name, array in changed.between(length).items()}
        means = clustered_means(cells["ruptures"], cells["total"], unit=cube.unit)
        fate, offset = np.nonzero(means.n > 0)
        table = self.table(
            {
                "group": np.array(FATES, dtype=object)[fate],
                "offset": np.array(changed.axis)[offset],
                "mean": means.mean[fate, offset],
                "lower": means.lower[fate, offset],
                "upper": means.upper[fate, offset],
                "ruptures": means.n[fate, offset],
                "courses": cells["courses"].sum(axis=-1)[fate, offset],
                "therapists": changed.therapists(cells["courses"])[fate, offset],
                "why": means.why[fate, offset],
            }
        )
        recorded = cube.grids["ruptures"]
        counts = {name: array[0, 0] for name, array in recorded.between(length).items()}
        share = clustered_shares(counts["ruptures"][None, :], counts["repaired"][None, :], unit=cube.unit, courses=[counts["courses"].sum()])
        repaired = {
            "estimate": 100.0 * share.mean[0],
            "lower": 100.0 * share.lower[0],
            "upper": 100.0 * share.upper[0],
            "df": share.df[0],
            "ruptures": whole(share.n[0]),
            "repaired": whole(counts["repaired"].sum()),
            "courses": whole(counts["courses"].sum()),
            "therapists": int(recorded.therapists(counts["courses"])),
            "why": share.why[0],
        }
        notes = {name: whole(counts[name].sum()) for name in ("ruptures", "repaired", "not_placed", "without_baseline")}
        sessions = {name: whole(array.sum()) for name, array in cube.grids["sessions"].between(length).items()}
        notes |= {"sessions": sessions["sessions"]}
        notes["share_unrated"] = 100.0 * sessions["unrated"] / sessions["sessions"] if sessions["sessions"] else 0.0
        if sessions["told"]:  # where nobody recorded whether they looked, no share can be said
            notes["share_reviewed"] = 100.0 * sessions["reviewed"] / sessions["told"]
        return Result(table, headlines({"repaired_share": repaired}), notes)


class AllianceAround(Measure):
    """Mean change of the patient's alliance around recorded ruptures, apart by a group: the definition's first key."""

    asks = "alliance_around_ruptures"
    groups: tuple[str, ...]

    def prepare(self, query: Query, **params: object) -> Cube:
        """Ruptures and total change by length, group, offset and cluster."""
        before, after = (int(self.definition.parameter(name)) for name in ("sessions_before", "sessions_after"))
        cells = self.ask(query, params)
        changes = grid(cells, ["ruptures", "total", "courses"], "distance", range(-before, after + 1), "part", self.groups)
        return Cube({"changes": changes}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a group and offset with a score; headlines: each group in the session of the rupture."""
        changed = cube.grids["changes"]
        cells = {name: np.moveaxis(array, 0, 1) for name, array in changed.between(length).items()}
        means = clustered_means(cells["ruptures"], cells["total"], unit=cube.unit)
        courses, therapists = cells["courses"].sum(axis=-1), changed.therapists(cells["courses"])
        group, offset = np.nonzero(means.n > 0)
        table = self.table(
            {
                self.definition.keys[0]: np.array(self.groups, dtype=object)[group],
                "offset": np.array(changed.axis)[offset],
                "mean": means.mean[group, offset],
                "lower": means.lower[group, offset],
                "upper": means.upper[group, offset],
                "ruptures": means.n[group, offset],
                "courses": courses[group, offset],
                "therapists": therapists[group, offset],
                "why": means.why[group, offset],
            }
        )
        onset = changed.axis.index(0)
        rows = {
            name: {
                "estimate": means.mean[place, onset],
                "lower": means.lower[place, onset],
                "upper": means.upper[place, onset],
                "df": means.df[place, onset],
                "ruptures": whole(means.n[place, onset]),
                "courses": whole(courses[place, onset]),
                "therapists": int(therapists[place, onset]),
                "why": means.why[place, onset],
            }
            for place, name in enumerate(self.groups)
        }
        return Result(table, headlines(rows), {})


class AllianceAfterRuptureByKind(AllianceAround):
    """Around withdrawals, confrontations and ruptures with both."""

    name = "alliance_after_rupture_by_kind"
    groups = ("withdrawal", "confrontation", "mixed")


class AllianceAfterRuptureByWhom(AllianceAround):
    """Around ruptures by whose move they were."""

    name = "alliance_after_rupture_by_whom"
    groups = ("patient", "therapist", "both")


class AllianceAfterRuptureByLength(AllianceAround):
    """Around ruptures by the length of the course, in the bands used for benchmarks."""

    name = "alliance_after_rupture_by_length"
    groups = ("1-3", "4-8", "9-16", "17-30", "31+")
