"""What is withheld on screen and what may leave: every boundary, from both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests import clinics
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer
from process.access.disclosure import for_export, notes_on_screen, on_screen
from process.measures import catalogue
from process.measures.intervals import wilson

OWN = Viewer("tess", "therapist", "T1")
CURVE = catalogue.measure("attainment_curve").definition
ENDINGS = catalogue.measure("endings").definition
LEVELS = catalogue.measure("attainment_levels").definition
ALLIANCE = catalogue.measure("alliance_by_session").definition
ACTIVE = catalogue.measure("active_courses").definition
LENGTHS = catalogue.measure("lengths").definition
MEASURES = [name for name in catalogue.names()]


def curve(courses: int = 40, therapists: int = 9, **columns) -> pd.DataFrame:
    row = {"session": 1, "share": 50.0, "lower": 34.1, "upper": 65.9, "goals": 40, "courses": courses, "therapists": therapists, "still_in": courses}
    return pd.DataFrame([row | {"why": ""} | columns])


def levels(*goals: int) -> pd.DataFrame:
    """One session's lanes with these numbers of goals."""
    names = ["-2", "-1", "0", "1", "2", "not_rated"][: len(goals)]
    whole = sum(goals)
    columns = {"session": 4, "level": names, "share": [100 * n / whole for n in goals], "goals": goals, "goals_total": whole, "courses": 60, "therapists": 9}
    return pd.DataFrame(columns)


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


@pytest.mark.parametrize(("courses", "leaves"), [(0, True), (1, False), (7, False), (8, True)])
@pytest.mark.parametrize("own", [True, False])
def test_counts_up_to_seven_never_leave(courses, leaves, own):
    exported = for_export(curve(courses, goals=0 if courses == 0 else 40), CURVE, own)

    assert exported["withheld"].tolist() == ([not leaves] if len(exported) else [])
    assert exported.loc[exported["withheld"], ["share", "lower", "upper", "goals", "courses", "still_in"]].isna().all(axis=None)


def test_one_therapist_is_enough_for_own_courses_only():
    assert not for_export(curve(40, therapists=1), CURVE, own=True)["withheld"].any()
    assert len(for_export(curve(40, therapists=1), CURVE)) == 0
    assert "therapists" not in for_export(curve(40, therapists=1), CURVE, own=True)


def test_counts_leave_to_the_nearest_five_and_means_to_half_a_point():
    row = {"session": 3, "rater": "patient", "mean": 71.26, "lower": 68.74, "upper": 73.9, "scores": 43, "courses": 42, "therapists": 11, "still_in": 58}

    exported = for_export(pd.DataFrame([row | {"why": ""}]), ALLIANCE).iloc[0]

    assert (exported["mean"], exported["lower"], exported["upper"]) == (71.5, 68.5, 74.0)
    assert (exported["scores"], exported["courses"], exported["therapists"], exported["still_in"]) == (45, 40, 10, 60)


def test_percentages_are_worked_out_again_from_rounded_counts():
    frame = pd.DataFrame(
        {
            "ending": ["planned", "patient_stopped"],
            "share": [100 * 61 / 83, 100 * 22 / 83],
            "lower": [62.0, 18.0],
            "upper": [82.0, 37.0],
            "courses": [61, 22],
            "courses_total": [83, 83],
            "therapists": [10, 9],
            "why": "",
        }
    )

    exported = for_export(frame, ENDINGS)

    assert exported["courses"].tolist() == [60, 20]
    assert exported["courses_total"].tolist() == [80, 80]
    assert exported["share"].tolist() == [75.0, 25.0]


def test_a_total_is_added_up_again_from_what_is_shown_so_that_nothing_can_be_taken_away_from_it():
    exported = for_export(levels(41, 33, 3, 18), LEVELS)

    assert exported["goals_total"].dropna().unique().tolist() == [95]  # 40 + 35 + 20, and not a rounded 95 of 41 + 33 + 3 + 18
    assert for_export(levels(41, 33, 7, 7, 7), LEVELS)["goals_total"].dropna().unique().tolist() == [75]


def test_a_percentage_of_a_total_leaves_only_where_every_part_of_the_total_does():
    assert for_export(levels(41, 33, 10, 18), LEVELS)["share"].notna().all()
    assert for_export(levels(41, 33, 3, 18), LEVELS)["share"].isna().all()  # of the parts that are left every share would be larger than it is


def test_the_total_row_of_a_workload_is_added_up_again():
    frame = pd.DataFrame(
        {"week": [pd.Timestamp("2026-11-16")] * 4, "therapist_id": ["", "T1", "T2", "T3"], "active": [28, 12, 13, 3], "courses": [28, 12, 13, 3]}
    )

    own = for_export(frame.assign(therapists=[3, 1, 1, 1]), ACTIVE, own=True)

    assert own["active"].tolist() == pytest.approx([25, 10, 15, np.nan], nan_ok=True)


@pytest.mark.parametrize("name", ["active_courses", "weekly_workload"])
def test_the_work_of_a_single_therapist_does_not_leave_but_for_their_own(records, busiest, name):
    director, tess = (Clinic(records, viewer).ask(name, Cohort(basis="so_far")) for viewer in (DIRECTOR, Viewer("tess", "therapist", busiest)))

    assert director.table["therapist_id"].nunique() > 6 and set(director.exported().table["therapist_id"]) == {""}
    assert set(tess.exported().table["therapist_id"]) == {"", busiest}


@pytest.mark.parametrize(("attained", "leaves"), [(0, True), (1, False), (7, False), (8, True), (32, True), (33, False), (39, False), (40, True)])
def test_a_percentage_of_few_or_of_all_but_few_does_not_leave(attained, leaves):
    assert bool(len(for_export(curve(share=100 * attained / 40), CURVE))) == leaves


def test_the_longest_and_the_shortest_course_do_not_leave():
    frame = pd.DataFrame({"length": [1, 2, 5, 9, 12, 96], "courses": [3, 20, 2, 30, 6, 1], "sessions": [3, 40, 10, 270, 72, 96], "therapists": 9})

    exported = for_export(frame, LENGTHS)

    assert exported["length"].tolist() == [2, 5, 9]
    assert exported["withheld"].tolist() == [False, True, False]
    assert not {"min", "max", "minimum", "maximum"} & set(exported)


@pytest.mark.parametrize("name", MEASURES)
def test_no_exact_count_leaves_in_any_column_of_any_measure(records, name):
    exported = Clinic(records, ANALYST).ask(name).exported()
    figures = {"share", "mean", "estimate", "lower", "upper"}
    for frame in (exported.table, exported.headlines):
        counts = [column for column in frame.select_dtypes("number") if column not in figures | set(exported.definition.keys)]
        assert counts
        for column in counts:
            left = frame[column].dropna()
            assert (left % 5 == 0).all() and not left.between(0.1, 7).any()
        assert "df" not in frame


def test_limits_do_not_give_a_count_away_that_the_rounding_hides():
    """The hardest case: no clustering, so that exact limits would give part and whole at once. Every part of every whole up to 120 goals."""
    with_limits: dict[tuple, set] = {}
    without: dict[tuple, set] = {}
    for whole in range(8, 121):
        part = np.arange(whole + 1)
        lower, upper = wilson(part, np.full(whole + 1, whole))
        columns = {"session": 1, "share": 100 * part / whole, "lower": 100 * lower, "upper": 100 * upper, "goals": whole, "courses": 60, "therapists": 9}
        out = for_export(pd.DataFrame(columns | {"still_in": 60, "why": ""}), CURVE)
        for row in out[~out["withheld"]].itertuples():
            without.setdefault((row.share, row.goals), set()).add((whole, row.Index))
            with_limits.setdefault((row.share, row.goals, row.lower, row.upper), set()).add((whole, row.Index))
    assert len(without) > 100
    assert min(len(states) for states in without.values()) >= 3
    assert sorted(map(len, with_limits.values())) == sorted(map(len, without.values()))


def test_limits_that_leave_are_as_wide_as_those_on_screen():
    row = curve(share=52.5, lower=34.0, upper=70.4, goals=80).iloc[[0]]  # wider than unclustered: a design effect of about three

    out = for_export(row, CURVE).iloc[0]

    assert out["share"] == 50.0 and out["lower"] == pytest.approx(32, abs=2.5) and out["upper"] == pytest.approx(68, abs=2.5)


def test_a_percentage_that_leaves_is_one_rounded_count_of_another(records):
    table = Clinic(records, ANALYST).ask("attainment_curve").exported().table
    parts = (table["share"] * table["goals"] / 100 / 5).dropna()
    told_to = 0.05 * table.loc[parts.index, "goals"] / 100 / 5  # a percentage is told to a tenth

    assert len(parts) > 10 and (np.abs(parts - parts.round()) <= told_to + 1e-9).all()


FAIR = catalogue.measure("fair_comparison_dropout").definition


def funnel(*therapists: tuple[str, int]) -> pd.DataFrame:
    """All together and then therapists with these numbers of courses."""
    rows = [("", sum(n for _, n in therapists), len(therapists)), *((name, n, 1) for name, n in therapists)]
    figures = {
        "share": 20.0,
        "lower": 12.0,
        "upper": 31.0,
        "expected": 21.0,
        "adjusted": 19.0,
        "effective": 38.0,
        "shrunk": 19.5,
        "shrunk_lower": 14.0,
        "shrunk_upper": 26.0,
    }
    return pd.DataFrame([{"therapist_id": name, **figures, "beyond": 0.0, "courses": n, "therapists": many, "why": ""} for name, n, many in rows])


@pytest.mark.parametrize(("courses", "withheld"), [(1, True), (8, True), (10, True), (19, True), (20, False), (60, False)])
def test_a_director_sees_a_single_therapist_from_twenty_courses_on(courses, withheld):
    shown, hidden = on_screen(funnel(("T1", courses), ("T2", 40), ("T3", 41)), FAIR, DIRECTOR)

    assert shown["withheld"].tolist() == [False, withheld, False, False] and hidden == int(withheld)
    numbers = [name for name in shown.columns if name not in ("therapist_id", "why", "withheld")]
    assert shown.loc[shown["withheld"], numbers].isna().all(axis=None) and shown.loc[~shown["withheld"], numbers].notna().all(axis=None)


def test_with_any_filter_a_director_sees_no_single_therapist():
    shown, _ = on_screen(funnel(("T1", 30), ("T2", 40)), FAIR, DIRECTOR, filtered=True)

    assert shown.set_index("therapist_id")["withheld"].to_dict() == {"": False, "T1": True, "T2": True}


def test_all_together_are_a_cell_like_any_other():
    few = funnel(("T1", 3), ("T2", 4))

    assert on_screen(few, FAIR, DIRECTOR)[0]["withheld"].tolist() == [True, True, True]


def test_a_therapist_never_sees_another_therapists_row_whatever_the_measure_answers():
    shown, _ = on_screen(funnel(("T1", 3), ("T2", 40)), FAIR, OWN)

    assert shown.set_index("therapist_id")["withheld"].to_dict() == {"": True, "T1": False, "T2": True}
    assert shown.loc[shown["therapist_id"] == "T2", ["share", "adjusted", "courses"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "cohort",
    [
        Cohort(length=(3, 12)),
        Cohort(length=(1, 9999)),
        Cohort(team=["north"]),
        Cohort(modality=["cbt"]),
        Cohort(ending=["planned", "patient_stopped"]),
        Cohort(start=("2025-Q1", "")),
        Cohort(basis="planned"),
    ],
    ids=lambda cohort: cohort.to_query("so_far"),
)
@pytest.mark.parametrize("name", [name for name in MEASURES if catalogue.measure(name).definition.per_therapist])
def test_no_filter_of_any_kind_leaves_a_single_therapist_to_be_seen(records, name, cohort):
    clinic = Clinic(records, DIRECTOR)
    everyone, narrowed = clinic.ask(name, Cohort(basis="so_far")).table, clinic.ask(name, cohort).table
    named = narrowed[narrowed["therapist_id"] != ""]

    assert (~everyone.loc[everyone["therapist_id"] != "", "withheld"]).sum() >= 6
    assert named["withheld"].all() and named["courses"].isna().all()


@pytest.mark.parametrize("name", [name for name in MEASURES if catalogue.measure(name).definition.per_therapist])
def test_the_ended_courses_are_the_same_on_either_basis_of_attended_sessions(records, name):
    tables = [Clinic(records, DIRECTOR).ask(name, Cohort(basis=basis)).table for basis in ("so_far", "completed")]

    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("viewer", [DIRECTOR, ANALYST], ids=["director", "analyst"])
def test_a_single_therapist_never_leaves_and_their_own_leaves_without_what_would_give_counts_away(records, viewer):
    exported = Clinic(records, viewer).ask("fair_comparison_dropout", Cohort(basis="so_far")).exported()

    assert exported.table["therapist_id"].tolist() == [""] and not exported.table["withheld"].any()
    own = for_export(funnel(("T1", 60)).iloc[1:], FAIR, own=True)
    assert own["therapist_id"].tolist() == ["T1"] and own["courses"].tolist() == [60] and own["share"].tolist() == [pytest.approx(16.7)]
    assert not {"expected", "adjusted", "effective", "shrunk", "shrunk_lower", "shrunk_upper", "beyond"} & {*own, *exported.table}


def test_the_weeks_of_each_therapist_are_seen_without_filters_and_not_with_one(records):
    clinic = Clinic(records, DIRECTOR)
    free, filtered = (clinic.ask("weekly_workload", cohort).table for cohort in (Cohort(basis="so_far"), Cohort(basis="so_far", ending=["patient_stopped"])))

    assert not free["withheld"].any() and free["therapist_id"].nunique() > 6
    assert filtered.loc[(filtered["therapist_id"] != "") & (filtered["events"] > 0), "therapists"].empty
    assert not filtered["events"].between(1, 7).any()
