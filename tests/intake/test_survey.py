"""The real survey through the mapping that ships: every figure of the report against a count made here with the csv module alone."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from process import intake
from process.errors import FileRefused
from process.intake.sources import export


@pytest.fixture(scope="module")
def survey(shared_data: Path) -> Path:
    return shared_data / "SessionSurvey.csv"


@pytest.fixture(scope="module")
def loaded(survey):
    return intake.read([survey], "session_survey")


@pytest.fixture(scope="module")
def counted(survey):
    """The rows kept and refused, by the rules as the mapping file states them, one row after the other."""
    with survey.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    named = [row for row in rows if row["therapist_tag"] not in ("", "NA")]
    by_key = defaultdict(list)
    for row in named:
        by_key[row["therapist_tag"], row["client_number"], row["session_number"]].append(row)
    kept, fates = [], Counter({"no therapist": len(rows) - len(named)})
    for key, same in by_key.items():
        if len({tuple(row.values()) for row in same}) > 1:
            fates["conflicting"] += len(same)
            continue
        fates["identical"] += len(same) - 1
        if not key[0][0].isalnum():
            fates["not a code"] += 1
            continue
        kept.append(same[0])
    courses = defaultdict(dict)
    for row in kept:
        when = None if row["session_date"] == "NA" else date.fromisoformat(row["session_date"])
        courses[row["therapist_tag"], row["client_number"]][int(row["session_number"])] = (when, row["client_attend"])
    return {"rows": rows, "named": named, "by_key": by_key, "kept": kept, "fates": fates, "courses": courses}


def test_rows_in_are_kept_plus_refused_by_reason(loaded, counted):
    entry = loaded.report.table("sessions")

    reasons = list(entry.refused.items())
    assert [reason for reason, _ in reasons[:3]] == ["no therapist", export.CONFLICTING, export.IDENTICAL]
    assert reasons[3][0].startswith("therapist_id: not a code")
    assert [count for _, count in reasons] == [counted["fates"][name] for name in ("no therapist", "conflicting", "identical", "not a code")]
    assert (entry.rows_in, entry.kept) == (len(counted["rows"]), len(counted["kept"]))
    assert len(loaded.records["sessions"]) == entry.kept


def test_the_report_agrees_with_what_is_known_of_the_file(loaded, counted):
    report = loaded.report

    assert report.table("sessions").rows_in == 11_638
    assert report.table("sessions").refused["no therapist"] == 394
    assert report.note(export.ROWS_REPEATED) == len(counted["named"]) - len(counted["by_key"]) == 246
    assert report.note(export.UNDATED_IN_FILE) == 475
    assert report.note(export.NOT_ATTENDED_IN_FILE) == 548
    assert report.note(export.COURSES_NAMED) == 1_281


def test_what_is_noted_of_the_kept_rows_agrees_with_the_count(loaded, counted):
    firsts = {course: sessions[min(sessions)][0] for course, sessions in counted["courses"].items()}
    days = [
        (when - firsts[course]).days
        for course, sessions in counted["courses"].items()
        for when, _ in sessions.values()
        if when is not None and firsts[course] is not None
    ]
    far = sum(not -3660 <= day <= 36600 for day in days)

    note = loaded.report.note
    assert note(export.COURSES_KEPT) == len(counted["courses"])
    assert note(export.START_UNKNOWN) == sum(first is None for first in firsts.values())
    assert note(export.TOO_FAR) == far
    assert note(export.BEFORE_FIRST) == sum(-3660 <= day < 0 for day in days)
    assert note(export.UNDATED_KEPT) == sum(row["session_date"] == "NA" for row in counted["kept"]) + far
    assert note(export.NOT_ATTENDED_KEPT) == sum(row["client_attend"] == "FALSE" for row in counted["kept"])


def test_every_kept_session_has_its_week_its_day_and_its_attendance(loaded, counted):
    expected = {}
    for (therapist, client), sessions in counted["courses"].items():
        start = sessions[min(sessions)][0]
        for number, (when, attended) in sessions.items():
            day = None if when is None or start is None else (when - start).days
            if day is not None and not -3660 <= day <= 36600:
                when = day = None
            week = None if when is None else when - timedelta(when.weekday())
            expected[f"{therapist}-{client}", number] = (week, day, "attended" if attended == "TRUE" else "missed")

    found = {
        (row.course_id, row.session_number): (
            None if str(row.week) == "NaT" else row.week.date(),
            None if str(row.day) == "<NA>" else int(row.day),
            row.attendance,
        )
        for row in loaded.records["sessions"].itertuples()
    }
    assert found == expected


def test_a_course_is_one_client_of_one_therapist_with_an_unknown_ending(loaded, counted):
    courses = loaded.records["courses"]

    assert sorted(courses["course_id"]) == sorted(f"{therapist}-{client}" for therapist, client in counted["courses"])
    assert (courses["patient_id"] == courses["course_id"]).all()
    assert set(courses["ending"]) == {"unknown"}
    for row in courses.itertuples():
        sessions = counted["courses"][row.therapist_id, row.course_id.removeprefix(f"{row.therapist_id}-")]
        first = sessions[min(sessions)][0]
        assert (str(row.start_week) == "NaT") if first is None else row.start_week.date() == first - timedelta(first.weekday())


def test_the_delivery_is_real_complete_to_the_end_of_its_latest_week_and_has_neither_goals_nor_alliance(loaded, counted):
    delivery = loaded.records["manifest"].iloc[0]

    assert delivery["origin"] == "real"
    latest = date.fromisoformat(max(row["session_date"] for row in counted["kept"] if row["session_date"] != "NA"))
    assert delivery["as_of"].date() == latest + timedelta(6 - latest.weekday()), "the latest date itself is a date of a person"
    assert set(loaded.records) == {"manifest", "courses", "sessions"}


def test_every_column_of_the_file_is_named_as_mapped_or_ignored(loaded, counted):
    uses = {use.column: use for use in loaded.report.columns}

    assert list(uses) == list(counted["rows"][0])
    assert all(bool(use.becomes) != bool(use.ignored) for use in uses.values())
    assert uses["trauma_score_child"].ignored and uses["agency_name"].becomes == ("courses.team",)


def test_without_its_mapping_the_survey_is_refused_and_the_mapping_suggested(survey):
    with pytest.raises(FileRefused, match="--mapping session_survey"):
        intake.read([survey])
