"""What there is to see, session by session, of goals that move or stand still, and of the patient's alliance around its own level: what an impasse is read of.

Sessions of a course are numbered without a gap, so that whatever happened in one has its place in a row of all sessions and is counted there, without a join.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.measures.measure import DEFINITIONS
from process.measures.parameters import Query

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
_OF_SESSIONS = "select course_id, attended_rank, rupture_reviewed from attended where attended_rank >= 1 order by course_id, attended_rank"
_IN_SET = "select course_id, attended_rank from goal_sessions where attended_rank >= 1"
_DECIDED = """
select course_id, agreed_rank as attended_rank from goal_facts where agreed_rank >= 1
union all
select course_id, closed_rank as attended_rank from goal_facts where closed_rank >= 1
"""
_RUPTURES = "select course_id, onset_rank as attended_rank from rupture_facts where onset_rank >= 1"
_SCORES = "select course_id, attended_rank, pomp from alliance_scores where rater = 'patient' and attended_rank >= 1"


def sessions(query: Query) -> pd.DataFrame:
    """One row a course and attended session (without the intake assessment), in their order.

    Columns: course_id, attended_rank; open_goals, goals in the current set; moved, goals whose rating differs from the same rater's last one (one rating a goal
    and session: the patient's, else the joint one, else the therapist's), and goals agreed or closed; compared, ratings that have an earlier one by the same
    rater; score, the patient's alliance (POMP, NaN = none); earlier_mean and earlier_scores, mean (NaN = none) and number of the scores in earlier sessions, so
    that the future never leaks into the past; rupture, unreviewed: a rupture on record, and whether nobody looked for one.
    """
    found = query(_OF_SESSIONS)
    begin = np.flatnonzero(found["course_id"].ne(found["course_id"].shift()).to_numpy())
    courses = pd.Index(found["course_id"].iloc[begin])

    def places(rows: pd.DataFrame) -> Whole:
        """Where in `found` the sessions of those rows stand; every one of them is there."""
        return begin[courses.get_indexer(rows["course_id"])] + rows["attended_rank"].to_numpy(np.int64) - 1

    def counted(rows: pd.DataFrame) -> Whole:
        return np.bincount(places(rows), minlength=len(found))

    movements = _movements(query((DEFINITIONS / "goals" / "placed_ratings.sql").read_text("utf-8")))
    scores = query(_SCORES)
    score = np.full(len(found), np.nan)
    score[places(scores)] = scores["pomp"]
    earlier_mean, earlier_scores = _earlier(score, begin)
    return pd.DataFrame(
        {
            "course_id": found["course_id"],
            "attended_rank": found["attended_rank"],
            "open_goals": counted(query(_IN_SET)),
            "moved": counted(movements[movements["moved"]]) + counted(query(_DECIDED)),
            "compared": counted(movements),
            "score": score,
            "earlier_mean": earlier_mean,
            "earlier_scores": earlier_scores,
            "rupture": counted(query(_RUPTURES)) > 0,
            "unreviewed": (found["rupture_reviewed"] == "no").to_numpy(),
        }
    )


def _movements(ratings: pd.DataFrame) -> pd.DataFrame:
    """Of each goal and session the first voice's rating, where the same rater rated the goal before: course_id, attended_rank, moved (at another level).

    `ratings`: course_id, goal_id, attended_rank (from 0), voice (1 = the patient, 2 = both, 3 = the therapist) and level, by goal, session and voice.
    """
    goal, rank, voice, level = (ratings[name].to_numpy() for name in ("goal_id", "attended_rank", "voice", "level"))
    goal = pd.factorize(goal)[0]
    compared, moved = np.zeros(len(ratings), dtype=bool), np.zeros(len(ratings), dtype=bool)
    for one in np.unique(voice):
        own = np.flatnonzero(voice == one)
        before, now = own[:-1], own[1:]
        compared[now] = goal[before] == goal[now]
        moved[now] = compared[now] & (level[before] != level[now])
    first = np.ones(len(ratings), dtype=bool)
    first[1:] = (goal[1:] != goal[:-1]) | (rank[1:] != rank[:-1])
    kept = first & compared & (rank >= 1)
    return ratings.loc[kept, ["course_id", "attended_rank"]].assign(moved=moved[kept])


def _earlier(score: Floats, begin: Whole) -> tuple[Floats, Whole]:
    """Mean and number of the scores before each session in its course; `begin`: where each course begins. Added session by session, all courses at once."""
    mean, number = np.full(len(score), np.nan), np.zeros(len(score), dtype=np.int64)
    known = ~np.isnan(score)
    filled = np.where(known, score, 0.0)
    length = np.diff(np.append(begin, len(score)))
    longest = np.argsort(-length, kind="stable")
    at, left = begin[longest], length[longest]
    total, many = np.zeros(len(at)), np.zeros(len(at), dtype=np.int64)
    for place in range(int(length.max(initial=0))):
        here = int(np.searchsorted(-left, -place, side="left"))  # courses with more sessions than that
        rows = at[:here] + place
        total, many = total[:here], many[:here]
        mean[rows] = np.divide(total, many, out=np.full(here, np.nan), where=many > 0)
        number[rows] = many
        total, many = total + filled[rows], many + known[rows]
    return mean, number
