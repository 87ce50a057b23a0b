"""Wide rows and REDCap rows: which rows a section means, what several rows say of one goal, and every row accounted for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from process import intake
from process.errors import FileRefused, SettingWrong
from process.intake.sources import parts, related

MANIFEST = """
[manifest]
clinic = "Clinic B"
source = "export 7"
origin = "simulated"
as_of = "2026-03-31"
"""
WIDE = (
    MANIFEST
    + """
[courses]
course_id = { from = "case" }
patient_id = { from = "case" }
therapist_id = { from = "doctor" }
start_week = { from = "seen", as = "week", start = "first_attended" }
ending = { always = "unknown" }
[sessions]
session_number = { from = "nr" }
week = { from = "seen", as = "week" }
day = { from = "seen", as = "day", start = "first_attended" }
attendance = { from = "came", words = { y = "attended", n = "missed" } }
[[goals]]
repeat = 2
filled = "goal{n}"
goal_id = { from = ["case", "goal{n}"] }
scale = { always = "gbo" }
set_by = { always = "both" }
area = { from = "area{n}" }
agreed_session = { from = "nr" }
closed_session = { from = "closed{n}", of = "last" }
fate = { from = "fate{n}", of = "last", words = { on = "open", yes = "reached" } }
[[goal_ratings]]
repeat = 2
filled = "level{n}"
goal_id = { from = ["case", "goal{n}"] }
rater = { always = "patient" }
level = { from = "level{n}", if_bad = "refuse" }
[[ruptures]]
filled = "rupture"
rupture_id = { from = ["case", "nr"] }
kind = { from = "rupture" }
moved_by = { always = "patient" }
noticed_by = { always = "therapist" }
source = { always = "note" }
"""
)
COLUMNS = "case,doctor,nr,seen,came,goal1,area1,fate1,closed1,level1,goal2,area2,fate2,closed2,level2,rupture\n"
ROWS = """c1,d1,0,2026-01-02,y,,,,,,,,,,,
c1,d1,1,2026-01-06,n,g1,work,on,,,,,,,,
c1,d1,2,2026-01-14,y,g1,work,on,,3,g2,sleep,on,,0,mixed
c1,d1,3,2026-01-20,y,g1,home,yes,3,8,g2,sleep,on,,11,
c2,d1,1,2026-01-20,y,g1,work,on,,5,,,,,,strange
"""


@pytest.fixture
def load(tmp_path: Path):
    def read(mapping: str, columns: str, rows: str):
        (tmp_path / "export.csv").write_text(columns + rows, encoding="utf-8")
        (tmp_path / "ours.toml").write_text(mapping, encoding="utf-8")
        return intake.read([tmp_path / "export.csv"], tmp_path / "ours.toml")

    return read


def test_wide_rows_give_each_goal_once_its_first_facts_and_its_last_fate(load):
    taken = load(WIDE, COLUMNS, ROWS)

    goals = taken.records["goals"].astype(str).set_index("goal_id")
    assert goals["area"].to_dict() == {"c1-g1": "work", "c1-g2": "sleep", "c2-g1": "work"}
    assert goals["agreed_session"].to_dict() == {"c1-g1": "1", "c1-g2": "2", "c2-g1": "1"}
    assert goals["fate"].to_dict() == {"c1-g1": "reached", "c1-g2": "open", "c2-g1": "open"} and goals.loc["c1-g1", "closed_session"] == "3"
    assert taken.report.note("goals whose rows differ in area: the first session's is taken") == 1
    assert taken.report.table("goals").rows_in == 3


def test_wide_rows_refuse_a_bad_rating_or_rupture_alone(load):
    taken = load(WIDE, COLUMNS, ROWS)

    assert taken.report.table("goal_ratings").refused == {"level: outside its range, -2 to 10": 1} and len(taken.records["goal_ratings"]) == 4
    assert taken.report.table("ruptures").refused == {"kind: not one of withdrawal, confrontation, mixed": 1}
    assert taken.records["ruptures"]["rupture_id"].tolist() == ["c1-2"] and len(taken.records["sessions"]) == 5


def test_days_may_be_counted_from_the_first_session_that_took_place(load):
    taken = load(WIDE, COLUMNS, ROWS)

    sessions = taken.records["sessions"]
    assert sessions.loc[sessions["course_id"] == "c1", "day"].tolist() == [-12, -8, 0, 6]
    assert taken.records["courses"]["start_week"].dt.strftime("%Y-%m-%d").tolist() == ["2026-01-12", "2026-01-19"]


REDCAP = (
    MANIFEST
    + """
[source]
kind = "redcap"
[courses]
where = { redcap_event_name = "start_arm_1" }
course_id = { from = "record_id" }
patient_id = { from = "record_id" }
therapist_id = { from = "doctor" }
ending = { from = "end", otherwise = { from = "state", words = { "1" = "still_going" } } }
[sessions]
where = { redcap_event_name = ["session_1_arm_1", "session_2_arm_1"] }
course_id = { from = "record_id" }
session_number = { from = "redcap_event_name", words = { session_1_arm_1 = "1", session_2_arm_1 = "2" } }
attendance = { always = "attended" }
[[scores]]
where = { redcap_event_name = ["session_1_arm_1", "session_2_arm_1"] }
column = "srs"
instrument = "srs"
form = "standard"
rater = "patient"
course_id = { from = "record_id" }
session_number = { from = "redcap_event_name", words = { session_1_arm_1 = "1", session_2_arm_1 = "2" } }
[[ignored_rows]]
where = { test = "1" }
reason = "a test record"
"""
)
PROJECT = "record_id,redcap_event_name,doctor,end,state,srs,test\n"
RECORDS = """7,start_arm_1,d1,planned,,,
7,session_1_arm_1,,,,36,
7,session_2_arm_1,,,,41,
8,start_arm_1,d2,,1,,
8,session_1_arm_1,,,,,
8,session_1_arm_1,,,,,
8,follow_up_arm_1,,,,3,
9,start_arm_1,d1,planned,,,1
"""


def test_sessions_may_be_events_and_every_row_of_the_project_is_accounted_for(load):
    taken = load(REDCAP, PROJECT, RECORDS)

    assert taken.records["sessions"].astype(str)[["course_id", "session_number"]].to_numpy().tolist() == [["7", "1"], ["7", "2"], ["8", "1"]]
    assert taken.records["courses"]["ending"].tolist() == ["planned", "still_going"]
    assert taken.records["scores"]["value"].tolist() == [36.0]
    assert taken.report.table("scores").refused == {"value: outside its range, 0 to 40": 1}
    assert taken.report.table("sessions").refused == {parts.IDENTICAL: 1}
    (file,) = taken.report.files
    assert (file.rows_in, file.kept, file.refused) == (8, 6, {"a test record": 1, related.NOT_TAKEN: 1})


def test_rows_that_contradict_each_other_are_all_refused(load):
    taken = load(REDCAP, PROJECT, RECORDS + "8,start_arm_1,d3,,1,,\n")

    assert taken.report.table("courses").refused == {parts.CONFLICTING: 2}
    assert taken.report.table("sessions").refused == {parts.IDENTICAL: 1, "its course is not there": 1}


def test_a_value_that_no_word_or_range_knows_refuses_its_row_and_is_not_repeated(load):
    taken = load(REDCAP, PROJECT, RECORDS + "canary 1,session_1_arm_1,,,,canary,\n10,start_arm_1,d1,canary,,,\n")

    assert taken.report.table("courses").refused == {"ending: not one of still_going, planned, patient_stopped, therapist_ended, moved_on, unknown": 1}
    assert taken.report.table("scores").refused["value: not a decimal number"] == 1
    assert "canary" not in json.dumps(taken.report.as_dict())


RATED = """[[goal_ratings]]
goal_id = { from = "record_id" }
session_number = { from = "doctor", as = "session" }
rater = { always = "patient" }
level = { from = "srs" }
"""
WRONG = [
    # mapping, what is changed, what the error says
    (WIDE, ("repeat = 2", "repeat = 0"), "`repeat` may be a whole number from 1 to 50"),
    (WIDE, ('filled = "goal{n}"\n', ""), r'\[\[goals\]\]: say `filled = "column"`'),
    (WIDE, ('area = { from = "area{n}" }\n', ""), r"\[\[goals\]\]: nothing fills area"),
    (WIDE, ('of = "last"', 'of = "latest"'), "`of` may be first or last"),
    (WIDE, ('start = "first_attended"', 'start = "intake"'), "`start` may be first or first_attended"),
    (WIDE, ("[manifest]", '[source]\nkind = "wide"\n[manifest]'), "kind `wide` is not known"),
    (WIDE, ("[manifest]", "[[ignored_rows]]\nreason = 'x'\n[manifest]"), "is for REDCap and FHIR"),
    (WIDE, ('week = { from = "seen", as = "week" }', 'week = { from = "seen" }'), r'\[sessions\] week: say `as = "week"`'),
    (WIDE, ('agreed_session = { from = "nr" }', 'agreed_session = { from = "seen", as = "session" }'), '`as = "session"` has no meaning'),
    (REDCAP, ("[[ignored_rows]]", RATED + "[[ignored_rows]]"), 'say `course = "column"`'),
    (REDCAP, ("[[ignored_rows]]", "[[bad_rows]]"), "is for exports with one row an appointment"),
    (REDCAP, ('as_of = "2026-03-31"', 'as_of = { latest = "srs" }'), r"is not a column that \[sessions\] reads"),
    (REDCAP, ('course_id = { from = "record_id" }\npatient', "patient"), r"\[courses\]: nothing fills course_id"),
    (REDCAP, ('rater = "patient"', 'rater = "therapist"'), "`srs` `standard` is not rated by `therapist`"),
    (REDCAP, ("[courses]", "[resources.Goal]\nid = 'id'\n[courses]"), r"\[resources\] is for FHIR alone"),
]


@pytest.mark.parametrize(("mapping", "change", "said"), WRONG)
def test_what_a_section_cannot_say_is_told_with_its_place(load, mapping, change, said):
    assert change[0] in mapping
    columns, rows = (COLUMNS, ROWS) if mapping is WIDE else (PROJECT, RECORDS)

    with pytest.raises(SettingWrong, match=said):
        load(mapping.replace(*change), columns, rows)


def test_a_project_of_which_no_session_is_left_is_refused(load):
    with pytest.raises(FileRefused, match="No row of table `sessions` is left to load"):
        load(REDCAP, PROJECT, "7,start_arm_1,d1,planned,,,\n")


def test_codes_that_join_to_the_same_goal_are_refused_instead_of_mixed(load):
    rows = ROWS.replace("g1,work,on,,5", "1-g,work,on,,5").replace("c2,d1", "c1,d1").replace("c1,d1,1,2026-01-20", "c1-1,d1,1,2026-01-20")

    with pytest.raises(SettingWrong, match="choose another `joined_with`"):
        load(WIDE, COLUMNS, rows + "c1-1,d1,2,2026-01-27,y,g,work,on,,5,1-g,work,on,,5,\nc1,d1,9,2026-01-27,y,1-g,work,on,,5,1-1-g,work,on,,5,\n")


def test_a_calendar_date_comes_out_of_no_column(load):
    as_theme = WIDE.replace('source = { always = "note" }', 'source = { always = "note" }\ntheme = { from = "seen" }')
    with pytest.raises(SettingWrong, match="`seen` holds dates, which become weeks and days only; ruptures.theme cannot be filled from it"):
        load(as_theme, COLUMNS, ROWS)
    undated = as_theme.replace('week = { from = "seen", as = "week" }\n', "").replace('day = { from = "seen", as = "day", start = "first_attended" }\n', "")
    undated = undated.replace('start_week = { from = "seen", as = "week", start = "first_attended" }\n', "")
    with pytest.raises(FileRefused, match="column `seen`, line 2: ") as refused:
        load(undated, COLUMNS, ROWS)
    assert "date" in str(refused.value) and "2026-01" not in str(refused.value)

    taken = load(WIDE, COLUMNS, ROWS)

    out = "".join(frame.to_csv() for name, frame in taken.records.items() if name != "manifest") + json.dumps(taken.report.as_dict())
    mondays = {"2025-12-29", "2026-01-05", "2026-01-12", "2026-01-19"}
    assert set(re.findall(r"\d{4}-\d{2}-\d{2}", out)) == mondays


def test_exports_without_a_row_are_refused_and_so_are_those_of_which_no_session_is_left(load):
    dated = REDCAP.replace('attendance = { always = "attended" }', 'attendance = { always = "attended" }\nday = { from = "state", as = "day" }')
    with pytest.raises(FileRefused, match=r"No row of table `sessions` is left to load \(there was none\)"):
        load(dated.replace('otherwise = { from = "state", words = { "1" = "still_going" } }', 'missing = ["x"]'), PROJECT, "")
    with pytest.raises(FileRefused, match="no row is left"):
        load(WIDE, COLUMNS, "")
