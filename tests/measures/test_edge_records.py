"""Records at the edges, one named clinic each: every measure answers them in its columns, and what can be counted by hand is counted."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from process.contract.tables import TABLES
from process.measures import catalogue

FIRST = pd.Timestamp("2026-01-05")


class Book:
    """A clinic written down a record at a time."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict]] = {name: [] for name in TABLES}
        self.rows["manifest"].append({"as_of": pd.Timestamp("2026-11-16"), "clinic": "Made up", "source": "tests", "origin": "simulated"})

    def course(self, name: str, attended: str, ending: str = "planned", therapist: str = "T1", scores: dict | None = None) -> Book:
        """A course whose appointments are letters, in order: a = attended, c = cancelled, m = missed; `scores` of the WAI-SR (12 to 60) by session."""
        self.rows["courses"].append({"course_id": name, "patient_id": f"P{name}", "therapist_id": therapist, "start_week": FIRST, "ending": ending})
        kinds = {"a": "attended", "c": "cancelled", "m": "missed"}
        for number, letter in enumerate(attended, start=1):
            week = FIRST + pd.Timedelta(weeks=number - 1)
            session = {"course_id": name, "session_number": number, "week": week, "day": 7 * (number - 1), "attendance": kinds[letter]}
            self.rows["sessions"].append(session | {"rupture_reviewed": "both"})
        for number, value in (scores or {}).items():
            about = {"instrument": "wai_sr", "form": "5_point", "rater": "patient", "value": float(value)}
            self.rows["scores"].append({"course_id": name, "session_number": number, **about})
        return self

    def goal(self, name: str, course: str, agreed: int, fate: str = "open", closed: int | None = None, replaced_by: str | None = None) -> Book:
        about = {"scale": "gas", "set_by": "both", "area": "work", "agreed_session": agreed, "closed_session": closed, "fate": fate}
        self.rows["goals"].append({"goal_id": name, "course_id": course, **about, "replaced_by": replaced_by})
        return self

    def rating(self, goal: str, session: int, rater: str, level: int) -> Book:
        self.rows["goal_ratings"].append({"goal_id": goal, "session_number": session, "rater": rater, "level": level})
        return self

    def rupture(self, name: str, course: str, session: int, *steps: tuple[int, str, str]) -> Book:
        about = {"kind": "withdrawal", "moved_by": "patient", "noticed_by": "therapist", "source": "note", "intensity": 3}
        self.rows["ruptures"].append({"rupture_id": name, "course_id": course, "session_number": session, **about})
        for when, step, by in steps:
            self.rows["rupture_steps"].append({"rupture_id": name, "session_number": when, "step": step, "by": by})
        return self

    @property
    def records(self) -> dict[str, pd.DataFrame]:
        return {name: pd.DataFrame(rows) for name, rows in self.rows.items() if rows}


REPAIRED = ((4, "acknowledged", "patient"), (4, "acknowledged", "therapist"), (5, "repaired", "patient"))
EDGES = {
    "one session": lambda: Book().course("C1", "a", "patient_stopped", scores={1: 40}),
    "no scores": lambda: Book().course("C1", "aaaa").rupture("R1", "C1", 2),
    "all equal": lambda: Book().course("C1", "aaaaaaaa", scores=dict.fromkeys(range(1, 9), 48)),
    "gaps": lambda: Book().course("C1", "acmaaca", scores={1: 40, 4: 44, 7: 48}),
    "ties": lambda: Book().course("C1", "aaaaaa", scores={1: 48, 2: 48, 3: 36, 4: 36, 5: 48}).rupture("R1", "C1", 3).rupture("R2", "C1", 3),
    "two raters disagreeing": lambda: (
        Book().course("C1", "aaa").goal("G1", "C1", 1).rating("G1", 2, "patient", -1).rating("G1", 2, "therapist", 2).rating("G1", 3, "therapist", 1)
    ),
    "a goal replaced twice": lambda: (
        Book()
        .course("C1", "aaaaaa")
        .goal("G1", "C1", 1, "replaced", 3, "G2")
        .goal("G2", "C1", 3, "replaced", 5, "G3")
        .goal("G3", "C1", 5, "reached", 6)
        .rating("G1", 2, "patient", -2)
        .rating("G2", 4, "patient", 0)
        .rating("G3", 6, "patient", 2)
    ),
    "a rupture in the last session": lambda: Book().course("C1", "aaaa", "patient_stopped", scores={1: 48, 2: 48, 3: 48, 4: 24}).rupture("R1", "C1", 4),
    "a rupture without a fall": lambda: (
        Book().course("C1", "aaaaaaa", scores=dict(zip(range(1, 8), (36, 36, 36, 48, 48, 48, 48), strict=True))).rupture("R1", "C1", 4, *REPAIRED)
    ),
    "a course that ended the day it began": lambda: Book().course("C1", "a", "patient_stopped").course("C2", "", "patient_stopped"),
    "sessions nobody attended": lambda: Book().course("C1", "mmcm", "patient_stopped", scores={2: 40}).course("C2", "ama", "still_going"),
}
EDGE = pytest.mark.parametrize("edge", EDGES)


@pytest.fixture(scope="module")
def ask(opened, parameters):
    """The result of a measure on one of the edges."""
    queries = {}

    def make(edge: str, name: str):
        if edge not in queries:
            queries[edge] = opened(EDGES[edge]().records)
        measure = catalogue.measure(name)
        return measure.answer(measure.prepare(queries[edge], **parameters()), (0, 999))

    return make


@EDGE
@pytest.mark.parametrize("name", catalogue.names())
def test_every_measure_answers_in_its_columns(ask, edge, name):
    about = catalogue.measure(name).definition
    result = ask(edge, name)
    assert tuple(result.table.columns) == about.columns
    for count in about.counts:
        assert (result.table[count].astype(float) >= 0).all(), count
    for frame in (result.table, result.headlines):
        for value in {"share", "mean", "estimate"} & set(frame):
            assert math.inf not in frame[value].tolist()
            if "lower" in frame:
                known = frame[[value, "lower", "upper"]].astype(float).dropna()
                assert (known["lower"] <= known[value] + 1e-9).all() and (known[value] <= known["upper"] + 1e-9).all()


def rows(result, key: str) -> dict:
    return result.table.set_index(key).to_dict("index")


def test_one_session_is_a_length_of_one_and_too_short_for_any_change(ask):
    assert rows(ask("one session", "therapy_lengths"), "length")[1]["courses"] == 1
    assert ask("one session", "rupture_against_like_sessions").table.empty


def test_without_scores_a_rupture_is_counted_and_has_no_curve(ask):
    result = ask("no scores", "alliance_after_rupture")
    assert result.table.empty and result.notes["ruptures"] == 1 and result.notes["without_baseline"] == 1
    assert result.notes["share_unrated"] == 100


def test_equal_scores_are_a_level_and_no_rupture(ask):
    found = ask("all equal", "alliance_by_session").table
    assert found["mean"].tolist() == [75.0] * 8


def test_gaps_leave_the_axis_to_attended_sessions(ask):
    found = ask("gaps", "alliance_by_session").table
    assert found["session"].tolist() == [1, 2, 4]
    assert found["mean"].round(6).tolist() == [round(100 * (score - 12) / 48, 6) for score in (40, 44, 48)]


def test_two_ruptures_in_one_session_are_two_ruptures_of_one_course(ask):
    found = ask("ties", "alliance_after_rupture").table.set_index("offset")
    assert (found["ruptures"] == 2).all() and (found["courses"] == 1).all()
    assert found.loc[0, "mean"] == pytest.approx(-25)


def test_of_two_raters_the_patient_counts_where_there_is_a_rating(ask):
    lanes = ask("two raters disagreeing", "attainment_levels").table
    lanes = lanes[lanes["goals"] > 0].set_index("session")["level"].to_dict()
    assert lanes == {1: "not_rated", 2: "-1", 3: "1"}


def test_a_goal_replaced_twice_is_three_goals_and_one_at_a_time(ask):
    result = ask("a goal replaced twice", "attainment_levels")
    assert (result.notes["gas_goals"], result.notes["replaced_goals"], result.notes["reached_goals"]) == (3, 2, 1)
    held = result.table.groupby("session")["goals"].sum()
    assert held.loc[[1, 2, 4, 6]].tolist() == [1, 1, 1, 1]


def test_a_rupture_in_the_last_session_is_counted_and_not_compared(ask):
    result = ask("a rupture in the last session", "rupture_against_like_sessions")
    assert result.notes["ruptures"] == 1 and result.notes["without_outcome"] == 1
    assert ask("a rupture in the last session", "alliance_after_rupture").table["offset"].max() == 0


def test_a_rupture_without_a_fall_rises_from_its_baseline_and_can_be_repaired(ask):
    result = ask("a rupture without a fall", "alliance_after_rupture")
    assert set(result.table["group"]) == {"repaired"}
    assert result.table.set_index("offset").loc[0, "mean"] == pytest.approx(25)


def test_a_course_that_ended_the_day_it_began_has_a_length(ask):
    found = rows(ask("a course that ended the day it began", "therapy_lengths"), "length")
    assert {length: row["courses"] for length, row in found.items() if row["courses"]} == {0: 1, 1: 1}


def test_sessions_nobody_attended_are_no_sessions_of_therapy(ask):
    found = ask("sessions nobody attended", "lengths")
    assert found.table.set_index("length")["courses"].to_dict() == {0: 1, 2: 1}
    assert found.headlines.loc["in_range", "sessions"] == 2
    assert ask("sessions nobody attended", "alliance_by_session").table.empty
