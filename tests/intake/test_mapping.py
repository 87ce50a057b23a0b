"""Mapping files of a clinic's own: what they can say, and how a wrong one is told apart from a wrong export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from process import intake
from process.errors import FileMissing, FileRefused, SettingWrong
from process.intake.sources import export

MAPPING = """
[source]
missing = ["", "-"]
[manifest]
clinic = "Clinic B"
source = "export 7"
origin = "simulated"
as_of = "2026-03-31"
[courses]
course_id = { from = ["doctor", "person"], joined_with = "/" }
patient_id = { from = "person" }
therapist_id = { from = "doctor" }
team = { from = "site", spell = "code" }
ending = { from = "end", words = { "1" = "planned", "2" = "patient_stopped" } }
[sessions]
session_number = { from = "nr" }
week = { from = "seen", as = "week", format = "%d.%m.%Y" }
day = { from = "seen", as = "day", format = "%d.%m.%Y" }
attendance = { from = "came", words = { y = "attended", n = "missed" } }
[[scores]]
column = "srs"
instrument = "srs"
form = "standard"
rater = "patient"
[ignored]
memo = "free text is never stored"
[[bad_rows]]
kind = "missing"
column = "doctor"
reason = "no therapist"
"""
HEADER = "doctor,person,nr,seen,came,site,end,srs,memo\n"
ROWS = "d1,p1,2,13.01.2026,y,Old Town & Co,1,30,x\nd1,p1,1,07.01.2026,y,Old Town & Co,1,20.5,x\nd2,p1,1,-,n,-,2,-,x\n"


@pytest.fixture
def load(tmp_path: Path):
    def read(rows: str = ROWS, mapping: str = MAPPING, header: str = HEADER):
        (tmp_path / "export.csv").write_text(header + rows, encoding="utf-8")
        (tmp_path / "ours.toml").write_text(mapping, encoding="utf-8")
        return intake.read([tmp_path / "export.csv"], tmp_path / "ours.toml")

    return read


def test_columns_are_joined_worded_spelled_and_dated_as_the_file_says(load):
    taken = load()

    courses = taken.records["courses"].astype(str)
    assert courses["course_id"].tolist() == ["d1/p1", "d2/p1"] and courses["patient_id"].tolist() == ["p1", "p1"]
    assert courses["team"].fillna("").tolist() == ["Old Town Co", ""] and courses["ending"].tolist() == ["planned", "patient_stopped"]
    sessions = taken.records["sessions"]
    assert sessions["session_number"].tolist() == [1, 2, 1]
    assert sessions["week"].dt.strftime("%Y-%m-%d").fillna("").tolist() == ["2026-01-05", "2026-01-12", ""]
    assert sessions["day"].fillna(-1).tolist() == [0, 6, -1]
    assert sessions["attendance"].tolist() == ["attended", "attended", "missed"]
    assert taken.records["scores"]["value"].tolist() == [30.0, 20.5]
    assert taken.report.refused == 0


BAD_ROWS = [
    # one more row, the reason it is refused for
    ("-,p9,1,13.01.2026,y,A,1,30,x\n", "no therapist"),
    ("d1,p1,1,07.01.2026,y,Old Town & Co,1,20.5,x\n", export.IDENTICAL),
    ("d3,p9,1,13.01.2026,maybe,A,1,30,x\n", "attendance: not one of the words that the mapping knows"),
    ("d3,p9,1,13.01.2026,-,A,1,30,x\n", "attendance: empty where a value is needed"),
    ("d3,p9,1,2026-01-13,y,A,1,30,x\n", "week: not a date of the mapping's format"),
    ("d3,p9,one,13.01.2026,y,A,1,30,x\n", "session_number: not a whole number"),
    ("<d3>,p9,1,13.01.2026,y,A,1,30,x\n", "therapist_id: not a code (a letter or digit, then up to 39 of letters, digits, space, _ . / -)"),
    ("d1,p1,3,13.01.1999,y,Old Town & Co,1,30,x\n", "day: outside its range, -3660 to 36600"),
    ("d1,p1,3,13.04.2026,y,Old Town & Co,1,30,x\n", "dated after as_of"),
]


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS)
def test_a_bad_row_is_refused_under_one_reason_and_the_others_are_kept(load, row, reason):
    taken = load(ROWS + row)

    entry = taken.report.table("sessions")
    assert {key: count for key, count in entry.refused.items() if count} == {reason: 1}
    assert entry.rows_in == 4 and entry.kept == len(taken.records["sessions"]) == 3


def test_rows_that_contradict_each_other_are_all_refused_and_so_is_a_copy_among_them(load):
    other = "d1,p1,1,08.01.2026,y,Old Town & Co,1,20.5,x\n"

    taken = load(ROWS + other + other)

    assert taken.report.table("sessions").refused == {export.CONFLICTING: 3}
    assert taken.report.note(export.ROWS_REPEATED) == 2
    first = taken.records["sessions"].iloc[0]
    assert first["session_number"] == 2 and first["day"] == 0, "the course starts with the first session that is kept"


def test_one_session_written_in_two_ways_is_seen_as_two_rows_of_one_key(load):
    taken = load(ROWS + "d1,p1,01,07.01.2026,y,Old Town & Co,1,20.5,x\n")

    assert taken.report.table("sessions").refused == {export.CONFLICTING: 2}


def test_a_row_is_counted_under_the_first_reason_that_it_meets(load):
    taken = load(ROWS + "-,p1,one,never,maybe,A,9,30,x\n")

    assert taken.report.table("sessions").refused == {"no therapist": 1}


def test_a_score_that_cannot_be_is_refused_alone_and_its_session_stays(load):
    taken = load(ROWS.replace(",30,x", ",41,x").replace(",20.5,x", ",many,x"))

    assert len(taken.records["sessions"]) == 3
    assert taken.report.table("scores").refused == {"srs: not a decimal number": 1, "srs: outside its range, 0 to 40": 1}
    assert taken.report.table("scores").kept == len(taken.records.get("scores", ())) == 0


def test_codes_that_join_to_the_same_course_are_refused_instead_of_mixed(load):
    rows = "a/b,c,1,13.01.2026,y,A,1,30,x\na,b/c,1,13.01.2026,y,A,1,30,x\n"

    with pytest.raises(SettingWrong, match="choose another `joined_with`"):
        load(rows)


def test_an_export_with_other_columns_is_refused_by_name(load):
    with pytest.raises(FileRefused, match="column `seeen`, line 1: neither mapped nor ignored by mapping `ours`. Did you mean `seen`") as refused:
        load(header=HEADER.replace("seen", "seeen"))
    assert "column `seen`, which mapping `ours` speaks of, is missing" in str(refused.value)
    with pytest.raises(FileRefused, match="the first line is not a header that mapping `ours` knows"):
        load(header="", rows=ROWS)


def test_an_export_of_which_no_row_is_left_is_refused(load):
    with pytest.raises(FileRefused, match="no row is left: 1 refused, no therapist"):
        load("-,p1,1,13.01.2026,y,A,1,30,x\n")


WRONG = [
    # what is changed in the mapping file, what the error says
    (("[ignored]", "[ignord]"), "`ignord` is not known. Did you mean `ignored`"),
    (("origin =", "orign ="), r"\[manifest\]: `orign` is not known. Did you mean `origin`"),
    (("therapist_id =", "therapist ="), r"\[courses\] therapist: not a column of the contract. Did you mean `therapist_id`"),
    (('therapist_id = { from = "doctor" }', ""), r"nothing fills \[courses\] therapist_id"),
    (('as = "week"', 'as = "month"'), "`as` may be week or day"),
    (('{ from = "person" }', '"person"'), r"\[courses\] patient_id: say either"),
    (('column = "doctor"', 'column = "docter"'), "column `docter` is not among those it maps or ignores. Did you mean `doctor`"),
    (('kind = "missing"', 'kind = "mising"'), "kind `mising` is not known. Did you mean `missing`"),
    (('reason = "no therapist"', ""), "`reason` is missing"),
    (('memo = "', 'site = "'), "`site` is both mapped and ignored"),
    (('instrument = "srs"', 'instrument = "srx"'), "Instrument `srx` is not in the registry"),
    (("[courses]", "[courses"), "is not a TOML file"),
    (('joined_with = "/"', 'joinedwith = "/"'), "`joinedwith` is not known. Did you mean `joined_with`"),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_a_wrong_mapping_file_is_told_with_its_place_and_what_is_allowed(load, change, said):
    with pytest.raises(SettingWrong, match=said):
        load(mapping=MAPPING.replace(*change))


def test_an_unknown_mapping_and_a_missing_mapping_file_are_told_apart(tmp_path):
    (tmp_path / "export.csv").write_text(HEADER)

    with pytest.raises(SettingWrong, match="No mapping `session_surve` is shipped. Did you mean `session_survey`"):
        intake.read([tmp_path / "export.csv"], "session_surve")
    with pytest.raises(FileMissing, match="There is no mapping file"):
        intake.read([tmp_path / "export.csv"], tmp_path / "nowhere.toml")
    with pytest.raises(SettingWrong, match="one file is loaded at a time; 2 are named"):
        intake.read([tmp_path / "export.csv"] * 2, "session_survey")


def test_the_report_is_shown_and_kept_with_every_figure(load):
    taken = load(ROWS + "-,p9,1,13.01.2026,y,A,1,30,x\n")
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115

    console.print(intake.shown_report(taken.report))
    kept = json.loads(json.dumps(taken.report.as_dict()))

    text = console.export_text()
    assert "refused: no therapist" in text and "ignored: free text is never stored" in text
    assert kept["tables"][0] == {"table": "sessions", "file": "export.csv", "rows_in": 4, "kept": 3, "refused": {"no therapist": 1}}
    assert {use["column"] for use in kept["columns"]} == set(HEADER.strip().split(","))
