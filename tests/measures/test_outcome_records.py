"""Outcome measures on records made by hand, whose answer can be seen; and the definition of reliable recovery against England's published figures."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from tests.clinics import counted

from process.measures import catalogue, expected_course
from process.measures.parameters import COLUMNS, stored

FIVE = ("recovered", "improved", "unchanged", "deteriorated", "harmed")


def scored(scores, records=None, instrument="phq_9"):
    """Courses C000, C001 … with six attended sessions and these scores: course number → {session: score}."""
    records = records or counted(("T1", len(scores), 6))
    rows = [
        {"course_id": f"C{course:03}", "session_number": session, "instrument": instrument, "form": "standard", "rater": "patient", "value": float(value)}
        for course, series in scores.items()
        for session, value in series.items()
    ]
    return records | {"scores": pd.DataFrame(rows)}


@pytest.fixture
def answer(opened, parameters):
    """A measure's result for every course, and the `query` behind it."""

    def ask(records, name, **given):
        query = opened(records)
        return catalogue.measure(name).answer(catalogue.measure(name).prepare(query, **parameters(**given)), (0, 1000)), query

    return ask


def test_each_category_by_a_course_that_must_be_in_it(answer):
    scores = {0: {1: 18, 6: 8}, 1: {1: 20, 6: 13}, 2: {1: 12, 6: 8}, 3: {1: 14, 6: 20}, 4: {1: 3, 6: 15}, 5: {2: 9}, 6: {1: 12, 3: 30 - 27, 6: 12}}
    result, _ = answer(scored(scores), "outcome_change")

    found = result.table.set_index("category")["courses"].to_dict()
    assert found == {"recovered": 1, "improved": 1, "unchanged": 2, "deteriorated": 1, "harmed": 1}
    assert result.notes["one_score"] == 1 and result.notes["began_healthy:PHQ-9"] == 1
    assert result.headlines.loc["measured", ["courses", "of_courses"]].tolist() == [6, 7]
    assert result.headlines.loc["recovered:PHQ-9", ["courses", "of_courses"]].tolist() == [1, 5]


def test_courses_without_a_second_score_or_any_have_no_category(answer):
    result, _ = answer(scored({0: {1: 18}, 1: {}}, counted(("T1", 2, 6))), "outcome_change")

    assert len(result.table) == 0
    assert result.headlines.loc["measured", ["courses", "of_courses"]].tolist() == [0, 2]
    assert (result.notes["one_score"], result.notes["no_score"]) == (1, 1)


def test_a_score_in_a_session_nobody_attended_and_one_at_intake(answer):
    records = scored({0: {1: 18, 6: 8}, 1: {1: 18, 6: 8}})
    sessions = records["sessions"]
    sessions.loc[(sessions["course_id"] == "C000") & (sessions["session_number"] == 6), "attendance"] = "missed"
    sessions.loc[(sessions["course_id"] == "C001") & (sessions["session_number"] == 1), "session_number"] = 0
    records["scores"].loc[(records["scores"]["course_id"] == "C001") & (records["scores"]["session_number"] == 1), "session_number"] = 0
    result, _ = answer(records, "outcome_change")

    # the first course has one score left; the second's first is that of the intake assessment
    assert result.table.set_index("category")["courses"].to_dict() == dict.fromkeys(FIVE, 0) | {"recovered": 1}
    assert result.notes["one_score"] == 1


def test_forms_stand_for_themselves_and_are_never_pooled(answer):
    records = scored({0: {1: 18, 6: 8}, 1: {1: 20, 6: 19}})
    ors = scored({0: {1: 20, 6: 19}}, {}, "ors")["scores"]
    result, _ = answer(records | {"scores": pd.concat([records["scores"], ors])}, "outcome_change")

    assert list(dict.fromkeys(result.table["form"])) == ["PHQ-9", "ORS"]
    assert result.table.groupby("form")["of_courses"].first().to_dict() == {"ORS": 1, "PHQ-9": 2}


def test_a_gain_that_is_seen_a_gain_lost_again_and_courses_that_cannot_be_judged(answer):
    scores = {
        0: {1: 21, 2: 20, 3: 20, 4: 9, 5: 8, 6: 8},
        1: {1: 21, 2: 20, 3: 9, 4: 8, 5: 8, 6: 15},
        2: {1: 12, 2: 12, 3: 12, 4: 12, 5: 12, 6: 12},
        3: {1: 5, 2: 6, 3: 5, 4: 17, 5: 18, 6: 17},
        4: {1: 20, 3: 20, 5: 8},
        5: {1: 20, 2: 8, 3: 8},
    }
    result, query = answer(scored(scores), "sudden_gains")

    table = result.table.set_index("kind")
    assert table["courses"].to_dict() == {"gain": 2, "gain_reversed": 1, "loss": 1}
    assert table["judged"].to_dict() == {"gain": 4, "gain_reversed": 2, "loss": 4}
    found = query("select * from sudden_shifts order by course_id").set_index("course_id")
    assert found.loc["C000", ["gain_session", "gain_size", "gain_reversed"]].tolist() == [3, 11, 0]
    assert found.loc["C001", ["gain_session", "gain_size", "gain_reversed"]].tolist() == [2, 11, 1]
    assert found.loc["C003", ["loss_session", "loss_size"]].tolist() == [3, 12] and np.isnan(found.loc["C003", "gain_session"])
    assert result.headlines.loc["session:PHQ-9", "mean"] == 2.5


PAST = ("T1", "T2", "T4", "T5", "T6")


def past_and_open(open_scores, past=40, therapists=PAST):
    """Past courses that all began at 15 and stood at 10 to 14 from session 2 on, then open ones that began at 15."""
    each = past // len(therapists)
    records = counted(*((name, each, 6) for name in therapists), ("T3", len(open_scores), 6))
    records["courses"].loc[records["courses"]["therapist_id"] == "T3", "ending"] = "still_going"
    scores = {course: {1: 15, **{session: 10 + course % 5 for session in range(2, 7)}} for course in range(past)}
    return scored(scores | {past + at: {1: 15, **series} for at, series in enumerate(open_scores)}, records)


def test_open_courses_on_and_off_their_expected_course(answer):
    # 80 % band of 10, 11, 12, 13, 14 eight times each: 10 to 14, both edges inside
    series = [{5: 9, 6: 9}, {5: 15, 6: 16}, {5: 9, 6: 15}, {5: 9, 6: 10}, {6: 9}, {4: 16, 5: 16, 6: 14}]
    result, query = answer(past_and_open(series), "expected_course")

    assert result.table.set_index("status")["courses"].to_dict() == {"as_expected": 3, "further": 1, "behind": 1}
    assert result.notes == {"open_courses": 6, "cannot_be_told": 1}
    bands = expected_course.unpacked(stored(query))
    assert bands["label"].unique().tolist() == ["PHQ-9"] and bands["severity"].unique().tolist() == [0]
    assert bands[["lower", "upper"]].drop_duplicates().to_numpy().tolist() == [[10, 14]]
    assert bands["session"].tolist() == [2, 3, 4, 5, 6] and (bands["courses"] == 40).all()


def test_on_a_form_where_higher_is_better_the_sides_change_places(answer):
    records = past_and_open([{5: 9, 6: 9}, {5: 15, 6: 16}])
    result, _ = answer(records | {"scores": records["scores"].assign(instrument="ors")}, "expected_course")

    assert result.table.set_index("status")["courses"].to_dict() == {"as_expected": 0, "further": 1, "behind": 1}


@pytest.mark.parametrize(
    "past",
    [{"past": 25}, {"therapists": PAST[:4]}, {"therapists": ("T1",) * 6 + PAST[1:], "past": 40}],
    ids=["25 past courses", "four therapists", "one therapist with more than half"],
)
def test_a_band_with_too_few_behind_it_does_not_exist(answer, past):
    result, query = answer(past_and_open([{5: 9, 6: 9}], **past), "expected_course")

    assert len(result.table) == 0 and result.notes == {"open_courses": 1, "cannot_be_told": 1}
    assert "expected_bands" not in set(stored(query)["parameter"])


def test_bands_are_the_same_for_every_viewer(answer):
    records = past_and_open([{5: 9, 6: 9}, {5: 12, 6: 12}])
    alone, _ = answer(records, "expected_course", therapist="T3", cluster="course", basis="completed")

    assert alone.table.set_index("status")["courses"].to_dict() == {"as_expected": 1, "further": 1, "behind": 0}


def test_nothing_recorded_gives_nothing():
    empty = pd.DataFrame(columns=list(COLUMNS))
    assert len(expected_course.unpacked(empty)) == 0


def test_reliable_recovery_is_of_those_at_caseness_as_in_englands_statistics(shared_data):
    """NHS Talking Therapies 2024-25: our denominators give the percentages that were published, for England and for every provider with counts."""
    place = shared_data / "nhs-talking-therapies" / "measures_annual.parquet"
    rows = duckdb.execute(
        "select org_type, org_code, measure_name, measure_statistic, try_cast(value as double) as value from read_parquet($place) "
        "where reporting_period = '2024-25' and variable_type = 'Total'",
        {"place": str(place)},
    ).df()
    wide = rows.assign(column=rows["measure_name"] + "|" + rows["measure_statistic"]).pivot_table(
        index=["org_type", "org_code"], columns="column", values="value"
    )
    england, finished = wide.loc["England"].iloc[0], wide["finished_course_treatment|count"]
    began_clinical = finished - wide["not_at_caseness|count"]

    said = {"recovery": began_clinical, "reliable_recovery": began_clinical} | dict.fromkeys(("improvement", "deterioration", "no_reliable_change"), finished)
    for name, whole in said.items():
        ours = 100 * wide[f"{name}|count"] / whole
        published = wide[f"{name}|percentage"]
        both = ours.notna() & published.notna() & (finished > 2000)
        assert both.sum() > 50
        # counts are published to the nearest five, percentages to a tenth
        assert (ours - published)[both].abs().max() < 0.6, name
        assert (100 * england[f"{name}|count"] / whole.loc["England"].iloc[0]) == pytest.approx(england[f"{name}|percentage"], abs=0.051)
    assert (england["improvement|count"], england["finished_course_treatment|count"]) == (452_284, 670_419)  # 67.5 %
