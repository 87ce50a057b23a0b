"""What is withheld on screen: every boundary, from both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests import clinics
from tests.access.frames import curve
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer
from process.access.disclosure import notes_on_screen, on_screen
from process.measures import catalogue

OWN = Viewer("tess", "therapist", "T1")
CURVE = catalogue.measure("attainment_curve").definition
ACTIVE = catalogue.measure("active_courses").definition
MEASURES = [name for name in catalogue.names()]


@pytest.mark.parametrize(
    ("courses", "therapists", "withheld"),
    [(0, 0, False), (1, 1, True), (7, 1, True), (7, 2, True), (7, 7, True), (8, 1, True), (8, 2, False), (9, 2, False), (200, 1, True), (200, 24, False)],
)
def test_a_director_sees_a_cell_from_eight_courses_of_two_therapists(courses, therapists, withheld):
    shown, hidden = on_screen(curve(courses, therapists), CURVE, DIRECTOR)

    assert shown["withheld"].tolist() == [withheld] and hidden == int(withheld)
    assert shown[["share", "lower", "upper", "goals", "courses", "therapists", "still_in"]].isna().all(axis=None) == withheld
    assert shown["session"].tolist() == [1]


@pytest.mark.parametrize("viewer", [OWN, ANALYST], ids=["therapist", "analyst"])
@pytest.mark.parametrize("courses", [0, 1, 7, 8])
def test_own_courses_and_the_analyst_are_not_withheld(viewer, courses):
    shown, hidden = on_screen(curve(courses, 1), CURVE, viewer)

    assert hidden == 0
    pd.testing.assert_frame_equal(shown.drop(columns="withheld"), curve(courses, 1))


def test_a_director_sees_the_workload_of_each_therapist():
    frame = pd.DataFrame({"week": [pd.Timestamp("2026-11-16")], "therapist_id": ["T1"], "active": [1], "courses": [1], "therapists": [1]})

    shown, hidden = on_screen(frame, ACTIVE, DIRECTOR)

    assert hidden == 0 and shown["active"].tolist() == [1]


@pytest.mark.parametrize("name", MEASURES)
def test_a_withheld_row_of_any_measure_keeps_its_keys_and_no_number(records, name):
    """In small slices of the demo clinic, table and headlines alike."""
    definition = catalogue.measure(name).definition
    clinic = Clinic(records, DIRECTOR)
    withheld = 0
    slices = [Cohort(basis="so_far", length=(low, low + 1), problem=[problem]) for problem in ("grief", "trauma") for low in (5, 9, 12)]
    for cohort in (*slices, Cohort(length=(14, 16)), Cohort(length=(25, 60)), Cohort()):
        answer = clinic.ask(name, cohort)
        for frame in (answer.table, answer.headlines):
            rows = frame[frame["withheld"]]
            numbers = [column for column in rows.columns if column not in (*definition.keys, "why", "withheld")]
            assert rows[numbers].isna().all(axis=None)
            assert rows[[key for key in definition.keys if key in rows]].notna().all(axis=None)
            withheld += len(rows)
    assert withheld > 0 or definition.workload


@pytest.mark.parametrize("name", MEASURES)
def test_a_row_that_a_director_sees_has_eight_courses_of_two_therapists(records, name):
    answer = Clinic(records, DIRECTOR).ask(name, Cohort(length=(3, 12)))
    for frame in (answer.table, answer.headlines):
        seen = frame[~frame["withheld"] & (frame["courses"] > 0)]
        if not answer.definition.workload:
            assert (seen["courses"] >= 8).all() and (seen["therapists"] >= 2).all()


@pytest.mark.parametrize(("repaired", "not_yet", "withheld"), [(8, 40, False), (7, 40, True), (40, 1, True), (40, 8, False), (40, 0, False)])
def test_a_contrast_needs_the_minimum_on_both_sides(repaired, not_yet, withheld):
    definition = catalogue.measure("repaired_against_not_yet").definition
    row = {"estimate": 3.9, "lower": 1.0, "upper": 6.8, "df": 9.0, "repaired": repaired, "not_yet": not_yet, "matched": repaired}
    headlines = pd.DataFrame([row | {"courses": 45, "therapists": 9, "why": ""}], index=["difference"])

    assert on_screen(headlines, definition, DIRECTOR)[0]["withheld"].tolist() == [withheld]
    assert on_screen(headlines, definition, OWN)[1] == 0


def test_a_histogram_is_withheld_bar_by_bar(tmp_path):
    records = clinics.opened(tmp_path, clinics.counted(("T1", 5, 3), ("T2", 3, 3), ("T1", 4, 6), ("T2", 3, 6), ("T1", 8, 9)))

    table = Clinic(records, DIRECTOR).ask("therapy_lengths").table.set_index("length")

    assert table["courses"].to_dict() == pytest.approx({3: 8, 6: np.nan, 9: np.nan}, nan_ok=True)
    records.engine.close()


def window(*courses: tuple[int, int, int]) -> pd.DataFrame:
    """Decisions by band: a row of courses for each of three bands, in the order continue, refer, none."""
    rows = [
        {
            "band": band,
            "about": "decision",
            "what": what,
            "estimate": 1.0,
            "lower": 0.5,
            "upper": 2.0,
            "courses": n,
            "of_courses": sum(own),
            "therapists": 9,
            "why": "",
        }
        for band, own in zip(("lower", "middle", "upper"), courses, strict=True)
        for what, n in zip(("continue", "refer", "none"), own, strict=True)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("courses", "withheld"),
    [
        (((20, 9, 30), (20, 9, 30), (20, 9, 30)), []),
        # the band's other decisions and its own number of courses would give it away, and then so would the other bands
        (((20, 3, 30), (20, 9, 30), (25, 9, 30)), ["lower continue", "lower refer", "middle continue", "middle refer"]),
        (((20, 3, 30), (20, 9, 30), (20, 9, 30)), ["lower continue", "lower refer", "middle continue", "middle refer"]),
        # of a decision, 3 and 4 are together under 8
        (
            ((20, 3, 30), (20, 4, 30), (20, 9, 30)),
            ["lower continue", "lower refer", "middle continue", "middle refer", "upper continue", "upper refer"],
        ),
        (((20, 0, 30), (20, 9, 30), (20, 9, 30)), []),
    ],
)
def test_a_part_that_is_withheld_takes_company_so_that_its_whole_does_not_give_it_away(courses, withheld):
    definition = catalogue.measure("match_window").definition

    shown = on_screen(window(*courses), definition, DIRECTOR)[0]

    assert [f"{row['band']} {row['what']}" for row in shown[shown["withheld"]].to_dict("records")] == withheld
    assert on_screen(window(*courses), definition, OWN)[1] == 0


def parts(definition, **courses: int) -> pd.DataFrame:
    """The rows of a measure with a single key, with these numbers of courses."""
    columns = {"share": 10.0, "lower": 5.0, "upper": 20.0, "ruptures": list(courses.values()), "courses": list(courses.values()), "therapists": 9, "why": ""}
    return pd.DataFrame({definition.keys[0]: list(courses), **columns})


@pytest.mark.parametrize(
    ("name", "courses", "withheld"),
    [
        ("endings", {"planned": 36, "patient_stopped": 27, "moved_on": 25, "still_going": 1, "unknown": 1}, {"moved_on", "still_going", "unknown"}),
        ("endings", {"planned": 36, "patient_stopped": 27, "moved_on": 25, "still_going": 7, "unknown": 1}, {"still_going", "unknown"}),
        ("endings", {"planned": 36, "patient_stopped": 27, "moved_on": 25, "unknown": 2}, {"moved_on", "unknown"}),
        ("endings", {"planned": 36, "unknown": 0}, set()),
        ("repair_steps", {"negotiated": 9, "repaired": 3, "left_open": 30, "still_open": 20}, {"repaired", "still_open"}),
        ("repair_steps", {"negotiated": 3, "repaired": 9, "left_open": 30, "still_open": 20}, {"negotiated"}),
    ],
)
def test_hidden_parts_are_two_at_least_and_together_of_eight_courses(name, courses, withheld):
    definition = catalogue.measure(name).definition

    shown = on_screen(parts(definition, **courses), definition, DIRECTOR)[0]

    assert set(shown.loc[shown["withheld"], definition.keys[0]]) == withheld


def test_notes_follow_the_same_minimum():
    notes = {"ruptures": 9, "repaired": 7, "unmatched": 1, "not_placed": 0, "share_reviewed": 87.5}

    assert notes_on_screen(notes, 8, 2, CURVE, DIRECTOR) == {"ruptures": 9, "not_placed": 0, "share_reviewed": 87.5}
    assert notes_on_screen(notes, 7, 2, CURVE, DIRECTOR) == {}
    assert notes_on_screen(notes, 40, 1, CURVE, DIRECTOR) == {}
    assert notes_on_screen(notes, 3, 1, CURVE, OWN) == notes_on_screen(notes, 3, 1, CURVE, ANALYST) == notes


def test_a_director_who_filters_down_to_one_course_reads_no_note_about_it(records):
    one = records.engine.query("select length from (select completed as length, count(*) as n from course_facts group by 1) where n = 1 and length > 0")
    length = int(one["length"].iloc[0])

    answers = {viewer.role: Clinic(records, viewer).ask("alliance_after_rupture", Cohort(length=(length, length))) for viewer in (DIRECTOR, ANALYST)}

    assert answers["director"].notes == {} and answers["analyst"].notes["sessions"] == length
