"""The contract's own files: what is taken, and the table of what is refused, how it is said, and that no value is repeated."""

from __future__ import annotations

from datetime import date

import pytest

from process import intake
from process.contract.tables import TABLES
from process.errors import FileMissing, FileRefused

SESSIONS = "course_id,session_number,week,day,attendance\n"
SCORES = "course_id,session_number,instrument,form,rater,value\n"


def test_sound_files_are_taken_whole_and_typed(clinic):
    taken = intake.read([clinic()])

    assert taken.report.refused == 0
    assert {name: len(frame) for name, frame in taken.records.items()} == {
        "manifest": 1, "courses": 2, "sessions": 4, "scores": 2, "goals": 2, "goal_reviews": 1, "goal_ratings": 2, "ruptures": 1, "rupture_steps": 2,
    }  # fmt: skip
    sessions = taken.records["sessions"]
    assert sessions["week"].iloc[0].date() == date(2026, 1, 5) and sessions["week"].isna().sum() == 1
    assert sessions["day"].dtype == "Int64" and sessions["day"].tolist()[:3] == [0, 7, 14]
    assert taken.records["courses"]["team"].isna().tolist() == [False, True]
    assert taken.records["scores"]["value"].tolist() == [31.5, 36.0]


def test_only_three_tables_are_needed_and_optional_columns_may_be_left_out(clinic):
    folder = clinic(courses="course_id,patient_id,therapist_id,ending\nc1,p1,t1,unknown\nc2,p2,t2,planned\n")

    taken = intake.read([folder / f"{name}.csv" for name in ("manifest", "courses", "sessions")])

    assert set(taken.records) == {"manifest", "courses", "sessions"}
    assert list(taken.records["courses"]) == ["course_id", "patient_id", "therapist_id", "ending"]


GOOD = [
    ("a byte order mark", {"courses": "\ufeffcourse_id,patient_id,therapist_id,ending\nc1,p1,t1,unknown\nc2,p2,t2,planned\n"}),
    ("line ends of Windows", {"courses": "course_id,patient_id,therapist_id,ending\r\nc1,p1,t1,unknown\r\nc2,p2,t2,planned\r\n"}),
    ("quoted cells", {"courses": '"course_id","patient_id","therapist_id","ending"\n"c1","p1","t1","unknown"\n"c2","p2","t2","planned"\n'}),
    ("columns in another order", {"courses": "ending,therapist_id,patient_id,course_id\nunknown,t1,p1,c1\nplanned,t2,p2,c2\n"}),
    ("codes that look like numbers or missing values", {"courses": "course_id,patient_id,therapist_id,ending\nc1,007,NA,unknown\nc2,null,1e5,planned\n"}),
    ("a table with a header alone", {"rupture_steps": "rupture_id,session_number,step,by\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "spoilt"), GOOD, ids=[what for what, _ in GOOD])
def test_a_sound_file_is_taken_in_other_dress(clinic, what, spoilt):
    taken = intake.read([clinic(**spoilt)])

    assert taken.report.refused == 0
    assert taken.records["courses"]["course_id"].tolist() == ["c1", "c2"]


BAD = [
    # table, its text, what the refusal says
    ("sessions", SESSIONS + "c1,1,2026-01-05,0,attended\nc1,SECRET,2026-01-12,7,attended\n", "column `session_number`, line 3: not a whole number"),
    ("sessions", SESSIONS + "c1,3.5,2026-01-05,0,attended\n", "column `session_number`, line 2: not a whole number"),
    ("sessions", SESSIONS + "c1, 1,2026-01-05,0,attended\n", "column `session_number`, line 2: not a whole number"),
    ("sessions", SESSIONS + "c1,٣,2026-01-05,0,attended\n", "column `session_number`, line 2: not a whole number"),
    ("sessions", SESSIONS + "c1,-1,2026-01-05,0,attended\n", "column `session_number`, line 2: outside its range, 0 to 9999"),
    ("sessions", SESSIONS + "c1,,2026-01-05,0,attended\n", "column `session_number`, line 2: empty where a value is needed"),
    ("sessions", SESSIONS + "c1,1,2026-01-06,0,attended\nc1,2,2026-01-13,0,attended\n", "column `week`, line 2: not a Monday (2 times)"),
    ("sessions", SESSIONS + "c1,1,2026-02-30,0,attended\n", "column `week`, line 2: not a date"),
    ("sessions", SESSIONS + "c1,1,05/01/2026,0,attended\n", "column `week`, line 2: not a date"),
    ("sessions", SESSIONS + "c1,1,1066-10-15,0,attended\n", "column `week`, line 2: outside its range"),
    ("sessions", SESSIONS + "c1,1,2026-01-05,0,SECRET\n", "column `attendance`, line 2: not one of attended, cancelled, missed"),
    ("sessions", SESSIONS + "c1,1,2026-01-05,0,attended\nc1,1,2026-01-05,0,attended\n", "line 3: the key (course_id, session_number) stands in an"),
    ("sessions", SESSIONS + "c1,1,2026-01-05,0\n", "line 2: fewer cells than the header's 5"),
    ("sessions", SESSIONS + "c1,1,2026-01-05,0,attended\n\n", "line 3: fewer cells than the header's 5"),
    ("sessions", SESSIONS + "c1,1,2026-01-05,0,attended,SECRET\n", "line 2: more cells than the header's 5"),
    ("sessions", SESSIONS + '"c1",1,2026-01-05,0,attended,SECRET\n', "line 2: more cells than the header's 5"),
    ("sessions", SESSIONS + '"c1,1,2026-01-05,0,attended\nc1,2,2026-01-05,0,attended"\n', "line 2: quotation marks do not pair"),
    ("sessions", SESSIONS + "c1,1,2026-01-05,0,attended", "line 2: the last line is not ended"),
    ("sessions", (SESSIONS + "c1,1,2026-01-05,0,att\0ended\n").encode(), "line 2: a NUL byte"),
    ("sessions", SESSIONS.encode() + b"c1,1,2026-01-05,0,attend\xe9\n", "line 2: not UTF-8"),
    ("sessions", (SESSIONS + "c1,1,2026-01-05,0,attended\n").encode("utf-16"), "NUL byte"),
    ("sessions", SESSIONS + "c1,1,2026-01-05,0,attended\rc1,2,2026-01-05,0,attended\n", "line 2: a carriage return inside a line"),
    ("sessions", SESSIONS.replace(",", ";") + "c1;1;2026-01-05;0;attended\n", "line 1: cells are parted by semicolons or tabs"),
    ("sessions", "", "the file is empty"),
    ("sessions", "\n \n", "the file is empty"),
    ("sessions", "\nc1\n", "line 1: the first line is empty"),
    ("sessions", "c1,1,2026-01-05,0,SECRET\nc1,2,2026-01-12,7,SECRET\n", "line 1: the first line is not a header of table `sessions`"),
    ("sessions", "course_id,session_number,wek,day,attendance\nc1,1,,0,attended\n", "column `wek`, line 1: not part of table `sessions`. Did you mean `week`?"),
    ("sessions", "course_id,session_number,attendance,patient_name\nc1,1,attended,SECRET\n", "column `patient_name`, line 1: its name says that it holds"),
    ("sessions", "course_id,session_number,attendance,<SECRET>\nc1,1,attended,x\n", "column (its name is not repeated here), line 1"),
    ("sessions", "course_id,attendance\nc1,attended\n", "line 1: column `session_number` is missing"),
    ("sessions", "course_id,session_number,attendance,week,week\nc1,1,attended,,\n", "column `week`, line 1: the column's name stands twice in the header"),
    ("sessions", ",".join(f"c{n}" for n in range(10_000)) + "\n", "10,000 columns; at most"),
    ("sessions", SESSIONS + 'c1,1,2026-01-05,0,"' + "x" * 3_000_000 + '"\n', "line 2: "),
    ("sessions", SESSIONS + "c1,1,2026-01-05,0," + "x" * 3_000_000 + "\n", "column `attendance`, line 2: not one of"),
    ("courses", "course_id,patient_id,therapist_id,ending\n=SECRET,p1,t1,unknown\n", "column `course_id`, line 2: formulas"),
    ("courses", "course_id,patient_id,therapist_id,ending\nc1,p1,<b>SECRET</b>,unknown\n", "column `therapist_id`, line 2: markup"),
    ("courses", "course_id,patient_id,therapist_id,ending\nc1,SECRET@clinic.example,t1,unknown\n", "column `patient_id`, line 2: e-mail addresses"),
    ("courses", "course_id,patient_id,therapist_id,age_band,ending\nc1,p1,t1,34,unknown\n", "column `age_band`, line 2: single ages; bands only, top band 75+"),
    ("courses", "course_id,patient_id,therapist_id,start_quarter,ending\nc1,p1,t1,2026-Q5,unknown\n", "column `start_quarter`, line 2: not a quarter"),
    ("scores", SCORES + "c1,1,srs,standard,patient,41\n", "column `value`, line 2: outside its range, 0 to 40"),
    ("scores", SCORES + "c1,1,srs,standard,patient,1e1\n", "column `value`, line 2: not a decimal number"),
    ("scores", SCORES + "c1,1,srs,standard,patient,nan\n", "column `value`, line 2: not a decimal number"),
    ("scores", SCORES + "c1,1,SECRET,standard,patient,4\n", "no such instrument, form and rater in the registry"),
    ("manifest", "as_of,clinic,source,origin\n2026-03-31,A,b,real\n2026-04-30,A,b,real\n", "the manifest has one row, this file 2"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "text", "said"), BAD)
def test_a_file_that_breaks_the_contract_is_refused_whole_and_no_value_is_repeated(clinic, table, text, said):
    with pytest.raises(FileRefused) as refused:
        intake.read([clinic(**{table: text})])

    message = str(refused.value)
    assert said in message
    assert message.startswith(f"{table}.csv is refused:") and "Nothing was loaded" in message
    assert "SECRET" not in message and "xxx" not in message


def test_every_kind_of_fault_in_a_file_is_told_at_once(clinic):
    rows = "c1,one,2026-01-05,0,attended\nc1,2,2026-01-13,x,here\n"

    with pytest.raises(FileRefused) as refused:
        intake.read([clinic(sessions=SESSIONS + rows)])

    assert [line.split(":")[0].strip() for line in str(refused.value).splitlines()[1:-1]] == [
        "column `session_number`, line 2", "column `attendance`, line 3", "column `day`, line 3", "column `week`, line 3",
    ]  # fmt: skip


def test_a_missing_file_an_empty_folder_and_a_missing_table_are_each_named(clinic, tmp_path):
    (tmp_path / "empty").mkdir()
    folder = clinic()
    (folder / "courses.csv").unlink()

    with pytest.raises(FileMissing, match=r"There is no file .*nowhere\.csv"):
        intake.read([tmp_path / "nowhere.csv"])
    with pytest.raises(FileMissing, match="holds no CSV file"):
        intake.read([tmp_path / "empty"])
    with pytest.raises(FileMissing, match=r"courses\.csv is missing"):
        intake.read([folder])


def test_a_file_that_is_no_table_is_refused_with_the_nearest_table(clinic, tmp_path):
    folder = clinic()
    (folder / "session.csv").write_text("a,b\n1,2\n")
    (tmp_path / "sessions.parquet").write_bytes(b"PAR1")

    with pytest.raises(FileRefused, match=r"session\.csv is not named after a table of the contract\. Did you mean `sessions`"):
        intake.read([folder])
    with pytest.raises(FileRefused, match=r"sessions\.parquet is not a \.csv file"):
        intake.read([tmp_path / "sessions.parquet"])


def test_one_table_handed_over_twice_is_refused(clinic):
    folder = clinic()

    with pytest.raises(FileRefused, match="`courses` is handed over twice"):
        intake.read([folder, folder / "courses.csv"])


def test_progress_is_told_for_every_file(clinic):
    told = []

    intake.read([clinic()], None, lambda what, done, total: told.append(what))

    assert [what for what in told if what.startswith("reading")] == [f"reading {name}.csv" for name in TABLES]
