"""Goals at the edges, written down by hand: replaced twice, in a circle, closed at once, sessions nobody attended, two raters, an impasse to the session."""

from __future__ import annotations

import pandas as pd
import pytest

from process import store
from process.measures import catalogue, goal_impasse, goal_lineage, within_course
from process.measures.parameters import estimate

SESSIONS = 14
SWINGS = {1: 30, 2: 50, 3: 30, 4: 50}


def book(goals, ratings=(), attended=range(1, SESSIONS + 1), scores=None, ruptures=(), ending="planned", reviews=()):
    """One course; `goals`: (goal, agreed, closed, fate, replaced_by); `ratings`: (goal, session, rater, level).

    A second course without goals swings widely, so that the clinic's usual band of the alliance is about five raw points wide.
    """
    about = {"course_id": "C1", "scale": "gas", "set_by": "both", "area": "work"}
    rows = {
        "manifest": [{"as_of": pd.Timestamp("2026-11-16"), "clinic": "Made up", "source": "tests", "origin": "simulated"}],
        "courses": [
            {"course_id": "C1", "patient_id": "P1", "therapist_id": "T1", "ending": ending},
            {"course_id": "C2", "patient_id": "P2", "therapist_id": "T2", "ending": "planned"},
        ],
        "sessions": [
            {"course_id": "C1", "session_number": n, "day": 7 * n, "attendance": "attended" if n in attended else "missed"} for n in range(1, SESSIONS + 1)
        ]
        + [{"course_id": "C2", "session_number": n, "day": 7 * n, "attendance": "attended"} for n in SWINGS],
        "goals": [about | dict(zip(("goal_id", "agreed_session", "closed_session", "fate", "replaced_by"), goal, strict=True)) for goal in goals],
        "goal_ratings": [dict(zip(("goal_id", "session_number", "rater", "level"), rating, strict=True)) for rating in ratings],
        "goal_reviews": [{"goal_id": goal, "session_number": n, "by": "both", "outcome": "kept"} for goal, n in reviews],
        "scores": [
            {"course_id": course, "session_number": n, "instrument": "wai_sr", "form": "5_point", "rater": "patient", "value": float(value)}
            for course, own in (("C1", scores or {}), ("C2", SWINGS))
            for n, value in own.items()
        ],
        "ruptures": [
            {"rupture_id": f"R{n}", "course_id": "C1", "session_number": n, "kind": "mixed", "moved_by": "both", "noticed_by": "both", "source": "note"}
            for n in ruptures
        ],
    }
    return {name: pd.DataFrame(found) for name, found in rows.items() if found}


def of_goals(query):
    """What goals need of the tables made at load; the others take longer than all of these tests together."""
    found = estimate(query, {"within_course_sd": within_course.spread})
    yield "clinic_parameters", found
    yield "goal_chains", goal_lineage.generations(query, found)
    yield "impasse_sessions", goal_impasse.stretches(query, found)


@pytest.fixture
def ask(tmp_path, parameters):
    engines = {}

    def answer(name, records, **given):
        if id(records) not in engines:
            folder = tmp_path / str(len(engines))
            engines[id(records)] = records, store.DuckDBEngine.open(store.publish(folder, records, derive=of_goals))
        measure = catalogue.measure(name)
        return measure.answer(measure.prepare(engines[id(records)][1].query, **parameters(**given)), (0, 1000))

    yield answer
    for _, engine in engines.values():
        engine.close()


TWICE = [("G1", 1, 4, "replaced", "G2"), ("G2", 4, 9, "replaced", "G3"), ("G3", 9, None, "open", None)]


def test_a_goal_replaced_twice_makes_a_chain_of_three_and_closes_with_its_last_level(ask):
    result = ask("goal_lineage", book(TWICE, [("G1", 2, "patient", -1), ("G2", 5, "patient", 0), ("G2", 9, "therapist", 1), ("G3", 12, "patient", 2)]))

    assert result.headlines["goals"].loc[["first", "second", "later"]].tolist() == [1, 1, 1]
    assert dict(zip(result.table["level"], result.table["goals"], strict=True)) == {"-1": 1, "1": 1}
    assert result.headlines.loc["successors", "estimate"] == pytest.approx(200 / 3)


def test_a_level_too_old_is_not_the_level_a_goal_closed_with(ask):
    result = ask("goal_lineage", book([("G1", 1, 9, "replaced", None)], [("G1", 2, "patient", -1)]))

    assert result.table["level"].tolist() == ["not_rated"]


def test_goals_that_replace_each_other_in_a_circle_have_no_generation(ask):
    circle = [("G1", 1, 4, "replaced", "G2"), ("G2", 4, 9, "replaced", "G1"), ("G3", 1, None, "open", None)]
    result = ask("goal_lineage", book(circle))

    assert result.headlines["goals"].loc[["first", "second", "later"]].tolist() == [1, 0, 0]


def test_sessions_nobody_attended_make_no_goal_older(ask):
    result = ask("goal_fates", book([("G1", 1, 9, "reached", None)], attended=[1, 2, 9, 10]))

    reached = result.table[(result.table["fate"] == "reached")].set_index("session")["share"]
    assert reached[1] == 0 and reached[2] == 100 and reached.index.max() == 2


def test_a_goal_closed_in_the_session_in_which_it_was_agreed_waited_for_none(ask):
    result = ask("goal_fates", book([("G1", 3, 3, "dropped", None), ("G2", 3, None, "open", None)]))

    dropped = result.table[result.table["fate"] == "dropped"].set_index("session")
    assert dropped.loc[0, "share"] == 50 and dropped.loc[0, "goals"] == 2 and dropped.loc[1, "goals"] == 1


def test_a_course_that_nobody_attended_has_goals_and_no_session(ask):
    records = book([("G1", 1, None, "open", None)], attended=[])

    fates = ask("goal_fates", records)
    assert fates.table["goals"].tolist() == [1, 1, 1] and (fates.table["share"] == 0).all()
    for name in ("attainment_to_the_end", "attainment_by_share", "attainment_t_score", "goal_voices", "impasse"):
        assert not len(ask(name, records).table)


def test_two_raters_who_disagree_are_a_pair_in_their_session_and_nowhere_else(ask):
    ratings = [("G1", 2, "patient", 1), ("G1", 2, "therapist", -1), ("G1", 3, "patient", 0), ("G1", 4, "therapist", 0), ("G1", 5, "both", 1)]
    result = ask("goal_voices", book([("G1", 1, None, "open", None)], ratings))

    assert result.table[["session", "mean", "pairs"]].to_numpy().tolist() == [[2, 2.0, 1]]
    assert result.headlines.loc["within_one", "estimate"] == 0 and result.headlines.loc["both", "estimate"] == 100


def test_a_goal_is_counted_from_its_last_rating_or_review_or_from_when_it_was_agreed(ask):
    goals = [("G1", 1, None, "open", None), ("G2", 2, None, "open", None), ("G3", 5, None, "open", None), ("G4", 1, 3, "dropped", None)]
    records = book(goals, [("G1", 7, "therapist", 0)], ending="still_going", reviews=[("G2", 12)])

    for basis in ("so_far", "completed", "planned"):
        result = ask("goal_reviews", records, basis=basis)
        assert dict(zip(result.table["since"], result.table["goals"], strict=True)) == {"2": 1, "7": 1, "9": 1}
        assert result.headlines.loc["overdue", ["goals", "overdue", "overdue_courses"]].tolist() == [3, 2, 1]


def test_a_goal_is_not_overdue_at_six_sessions_and_is_at_seven(ask):
    for last, overdue in ((8, 0), (7, 1)):
        result = ask("goal_reviews", book([("G1", 1, None, "open", None)], [("G1", last, "patient", 0)], ending="still_going"))
        assert result.headlines.loc["overdue", "overdue"] == overdue


STEADY = {n: 40 + n % 2 for n in range(1, SESSIONS + 1)}
SAME = [("G1", n, "patient", -1) for n in range(1, SESSIONS + 1)]


def impasses(result):
    return dict(zip(result.table["session"], result.table["share"], strict=True))


def test_an_impasse_begins_with_the_fifth_session_after_the_last_that_moved(ask):
    ratings = [(goal, n, rater, level + (n >= 6)) for goal, n, rater, level in SAME]  # one step at session 6

    found = impasses(ask("impasse", book([("G1", 1, None, "open", None)], ratings, scores=STEADY)))

    # the first stretch that can be judged ends at 6: three earlier scores from session 4 on
    assert found == {session: 100.0 * (session >= 11) for session in range(6, SESSIONS + 1)}


def test_another_raters_view_is_no_movement(ask):
    ratings = [(goal, n, "therapist" if n == 8 else rater, 1 if n == 8 else level) for goal, n, rater, level in SAME]

    found = impasses(ask("impasse", book([("G1", 1, None, "open", None)], ratings, scores=STEADY)))

    assert all(found[session] == 100 for session in range(6, SESSIONS + 1))


@pytest.mark.parametrize(
    "change",
    [{"ruptures": [9]}, {"scores": STEADY | {9: 58}}, {"goals": [("G1", 1, None, "open", None), ("G2", 9, None, "open", None)]}],
    ids=["a rupture", "a score outside the band", "a new goal"],
)
def test_what_ends_an_impasse_is_in_its_stretch_for_five_sessions(ask, change):
    settings = {"goals": [("G1", 1, None, "open", None)], "ratings": SAME, "scores": STEADY} | change

    found = impasses(ask("impasse", book(**settings)))

    assert [session for session, share in found.items() if share == 0] == [9, 10, 11, 12, 13]


def test_without_ratings_without_scores_or_without_an_open_goal_nothing_is_judged(ask):
    goals = [("G1", 1, None, "open", None)]
    assert impasses(ask("impasse", book(goals, SAME[:1], scores=STEADY))) == {}
    assert impasses(ask("impasse", book(goals, SAME, scores={1: 40, 14: 41}))) == {}
    assert impasses(ask("impasse", book([("G1", 1, 3, "reached", None)], SAME[:3], scores=STEADY))) == {}
