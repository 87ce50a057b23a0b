"""The match window and the parts of the alliance on records made by hand: one session, no scores, all equal, gaps, ties at an edge, open courses."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from process.measures import catalogue, parameters

MANIFEST = pd.DataFrame({"as_of": [pd.Timestamp("2026-11-16")], "clinic": ["Made up"], "source": ["tests"], "origin": ["simulated"]})


def made(*courses: tuple[str, str, list]) -> dict[str, pd.DataFrame]:
    """Records from (ending, decision or "", raw WAI-SR scores of the patient by session; None = attended and not rated, "missed" = nobody came)."""
    tables = {"courses": [], "sessions": [], "scores": []}
    for number, (ending, decision, scores) in enumerate(courses):
        course = f"C{number:02}"
        tables["courses"].append(
            {"course_id": course, "patient_id": f"P{number}", "therapist_id": f"T{number % 2}", "ending": ending, "match_decision": decision or None}
        )
        for session, score in enumerate(scores, start=1):
            attended = "missed" if score == "missed" else "attended"
            tables["sessions"].append({"course_id": course, "session_number": session, "attendance": attended, "day": 7 * session})
            if isinstance(score, int):
                row = {"course_id": course, "session_number": session, "instrument": "wai_sr", "form": "5_point", "rater": "patient", "value": float(score)}
                tables["scores"].append(row)
    return {"manifest": MANIFEST, **{name: pd.DataFrame(rows) for name, rows in tables.items() if rows}}


@pytest.fixture(name="ask")
def _ask(opened, request):
    bound = request.getfixturevalue("parameters")()

    def answer(name, records):
        measure = catalogue.measure(name)
        return measure.answer(measure.prepare(opened(records), **bound), (0, 1000))

    return answer


def test_a_course_is_in_one_band_by_what_was_known_after_its_third_session(ask):
    # 36 of 12 to 60 is 50 of 100; 48 is 75
    records = made(
        ("planned", "continue", [36, 36, 36, 60, 60]),
        ("patient_stopped", "", [48]),
        ("planned", "continue", [60, None, 60, 12]),
        ("still_going", "refer", [36, 48]),
        ("moved_on", "refer", [None, None, None, 60]),
        ("planned", "", ["missed", 48, "missed", 48, 48, 12]),
        ("unknown", "", [12]),
        ("moved_on", "", [36]),
        ("therapist_ended", "", [60, 60, 60]),
    )

    result = ask("match_window", records)

    table = result.table.set_index(["band", "about", "what"])
    level = table.xs(("early", "level"), level=(1, 2))
    assert level["estimate"].to_dict() == {"lower": 50.0, "middle": 75.0, "upper": 100.0} and set(level["courses"]) == {2}
    assert (result.notes["still_in_window"], result.notes["unscored"]) == (2, 1)  # with an unknown ending nobody knows whether more will come
    assert table.loc[("middle", "ending", "patient_stopped"), "estimate"] == 50.0 and ("middle", "early", "gap") not in table.index
    assert table.loc[("lower", "early", "trend"), "courses"] == 1 and table.loc[("middle", "early", "trend"), "courses"] == 1
    assert table.loc[("upper", "length", "sessions"), "estimate"] == 3.5


def test_equal_levels_stay_together_and_an_edge_belongs_to_the_band_above(ask):
    result = ask("match_window", made(*[("planned", "", [60, 60, 60])] * 6))

    assert set(result.table["band"]) == {"upper"} and (result.notes["lower_edge"], result.notes["upper_edge"]) == (100.0, 100.0)
    trend = result.table.set_index("what").loc["trend"]
    assert trend["estimate"] == 0.0 and trend["why"] == "fewer than 6 therapists"


def test_a_clinic_without_scores_has_no_edges_and_no_bands(ask, opened):
    records = made(*[("planned", "", [None, None, None])] * 3)

    result = ask("match_window", records)

    assert len(result.table) == 0 and "lower_edge" not in result.notes and result.notes["unscored"] == 3
    assert math.isnan(parameters.value(parameters.stored(opened(records)), "early_alliance_thirds", "lower"))
    assert len(ask("alliance_between_within", records).table) == 0


def test_scores_that_are_all_equal_have_no_parts_and_say_so(ask):
    result = ask("alliance_between_within", made(*[("planned", "", [36, 36, 36])] * 8))

    assert result.headlines.loc["courses_share", "why"] == "all scores are equal" and math.isnan(result.headlines.loc["courses_share", "estimate"])
    spread = result.table[result.table["kind"] == "spread"].set_index("part")
    assert spread["place"].to_dict() == {"courses": "50", "sessions": "0"} and spread["estimate"].tolist() == [100.0, 100.0]


def test_courses_of_one_score_each_cannot_tell_people_from_sessions(ask):
    result = ask("alliance_between_within", made(*[("planned", "", [12 + 4 * n]) for n in range(8)]))

    assert math.isnan(result.headlines.loc["sessions_share", "estimate"])
    assert set(result.table.loc[result.table["kind"] == "spread", "part"]) == {"courses"}


def test_the_intake_assessment_and_missed_sessions_are_left_out(ask):
    plain = [("planned", "", [36, 40, 44]), ("planned", "", [50, 52, 60]), ("planned", "", [20, 30, 40]), ("planned", "", [48, 47, 46])]
    missed = [("planned", "", [36, "missed", 40, 44]), *plain[1:]]

    one, other = (ask("alliance_between_within", made(*courses)).headlines for courses in (plain, missed))

    pd.testing.assert_frame_equal(one, other)
