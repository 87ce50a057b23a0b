"""How the alliance stands by attended session, in both voices, and how far they part."""

from __future__ import annotations

import numpy as np

from process.measures.between_within import decompose as decompose  # also asked for under this module's name
from process.measures.cube import Cube, grid
from process.measures.intervals import clustered_means
from process.measures.measure import Measure, Query, Result, headlines, statement, unit
from process.measures.reach import at_sessions, reach, still_in, typical_session

VOICES = ("patient", "therapist")
GAP = "gap"


class AllianceBySession(Measure):
    """Mean alliance (POMP) by attended session and voice; the gap is of the same sessions, patient minus therapist."""

    name = "alliance_by_session"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Scores and their totals by length, session, voice and cluster; courses by how far they came."""
        cells = self.ask(query, params)
        sessions = range(1, int(cells["session"].max()) + 1) if len(cells) else ()
        scores = grid(cells, ["scores", "total"], "session", sessions, "rater", (*VOICES, GAP))
        return Cube({"scores": scores, "reach": reach(self.ask(query, params, statement("reach")))}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a session and voice with a score; headlines a voice and the gap, at `early` and at `typical`."""
        grid_of_scores = cube.grids["scores"]
        cells = grid_of_scores.between(length)
        means = clustered_means(cells["scores"], cells["total"], unit=cube.unit)
        therapists = grid_of_scores.therapists(cells["scores"])
        still = still_in(cube.grids["reach"], length)
        at, voice = np.nonzero(means.n[:, : len(VOICES)] > 0)
        table = self.table(
            {
                "session": at + 1,
                "rater": np.array(VOICES, dtype=object)[voice],
                "mean": means.mean[at, voice],
                "lower": means.lower[at, voice],
                "upper": means.upper[at, voice],
                "scores": means.n[at, voice],
                "courses": means.n[at, voice],
                "therapists": therapists[at, voice],
                "still_in": at_sessions(still, at + 1),
                "why": means.why[at, voice],
            }
        )
        moments = {"early": int(self.definition.parameter("early_session")), "typical": typical_session(still)}
        rows = {}
        for moment, session in moments.items():
            for place, name in enumerate((*VOICES, GAP)):
                there = session is not None and 1 <= session <= len(means.n) and means.n[session - 1, place] > 0
                rows[f"{name}_{moment}"] = {"session": session or 0, **(_headline(means, therapists, session - 1, place) if there else _NOTHING)}
        return Result(table, headlines(rows), {})


_NOTHING = {"estimate": np.nan, "lower": np.nan, "upper": np.nan, "df": np.nan, "scores": 0, "courses": 0, "therapists": 0, "why": "nothing recorded"}


def _headline(means, therapists, point: int, place: int) -> dict[str, object]:
    count = int(np.rint(means.n[point, place]))
    return {
        "estimate": means.mean[point, place],
        "lower": means.lower[point, place],
        "upper": means.upper[point, place],
        "df": means.df[point, place],
        "scores": count,
        "courses": count,
        "therapists": int(therapists[point, place]),
        "why": means.why[point, place],
    }
