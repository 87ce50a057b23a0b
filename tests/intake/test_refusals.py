"""The table of refusals, through the command itself: bad files with the kind of message and the exit code of each, and good files that have to load.

Every bad file holds a canary where the fault is, which neither stdout nor stderr may repeat, and leaves the generation that was served before as it was.
"""

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from tests.intake.conftest import SOUND
from tests.intake.test_mapping import HEADER, MAPPING, ROWS

from process import cli, store
from process.cli.app import out

CANARY = "QUXZAP"
MANIFEST = "as_of,clinic,source,origin\n"
COURSES = "course_id,patient_id,therapist_id,ending\n"
ATTRIBUTES = "course_id,patient_id,therapist_id,team,age_band,ending\n"
SESSIONS = "course_id,session_number,week,day,attendance\n"
SCORES = "course_id,session_number,instrument,form,rater,value\n"
GOALS = "goal_id,course_id,scale,set_by,area,agreed_session,closed_session,fate,replaced_by\n"
NHS = ("9434765919", "4505577104", "4010232137", "4021278532")  # made up, with the check digit
GOOD_NHS_SHAPE = ("9434765910", "4505577105", "4010232138", "6639253130", "7700900124")


@dataclass(frozen=True)
class Bad:
    """A delivery that is refused: the small sound clinic's files with `spoilt` in place of some, or with `export` one file through a mapping."""

    what: str
    said: str
    spoilt: dict[str, str | bytes | None] = field(default_factory=dict)
    code: int = 4
    secrets: tuple[str, ...] = (CANARY,)
    export: str | bytes = ""
    mapping: str = MAPPING

    def __str__(self) -> str:
        return self.what


def courses(cells: str, header: str = COURSES) -> dict[str, str | bytes | None]:
    return {"courses": header + cells}


def in_courses(column: str, *cells: str) -> dict[str, str | bytes | None]:
    """Sound courses, of which one column has these cells."""
    rows = [{"course_id": f"c{n + 1}", "patient_id": f"p{n}", "therapist_id": "t1", "team": "", "age_band": "", "ending": "unknown"} for n in range(len(cells))]
    rows = [row | {column: cell} for row, cell in zip(rows, cells, strict=True)]
    return courses("".join(",".join(row.values()) + "\n" for row in rows), ATTRIBUTES)


def in_export(**cells: str) -> str:
    """A sound export, of which the first row has these cells."""
    first = dict(zip(HEADER.strip().split(","), ROWS.splitlines()[0].split(","), strict=True)) | cells
    return HEADER + ",".join(first.values()) + "\n" + "\n".join(ROWS.splitlines()[1:]) + "\n"


def packed() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("courses.csv", COURSES + f"c1,{CANARY},t1,unknown\n")
    return out.getvalue()


FORM = [
    Bad("an empty file", "courses.csv is refused: the file is empty", {"courses": ""}),
    Bad("a NUL byte", "line 2: a NUL byte", {"courses": f"{COURSES}c1,{CANARY},t1,unk\0nown\n".encode()}),
    Bad("Latin-1", "line 3: not UTF-8", {"courses": f"{COURSES}c1,p1,t1,unknown\nc2,{CANARY},té,unknown\n".encode("latin-1")}),
    Bad("UTF-16", "NUL byte", {"courses": f"{COURSES}c1,{CANARY},t1,unknown\n".encode("utf-16")}),
    Bad("a zip renamed to csv", "courses.csv is refused", {"courses": packed()}),
    Bad("a cut last line", "line 3: the last line is not ended", courses(f"c1,p1,t1,unknown\nc2,{CANARY},t2,unk")),
    Bad("a cut cell that is still a choice", "the last line is not ended", courses(f"c1,p1,t1,unknown\nc2,{CANARY},t2,unknown")),
    Bad(
        "no header: the first row is a record",
        "line 1: the first line is not a header of table `courses`",
        {"courses": f"{CANARY},p1,t1,unknown\nc2,p2,t2,unknown\n"},
    ),
    Bad("a header of the wrong table", "not part of table `sessions`", {"sessions": COURSES + f"c1,{CANARY},t1,unknown\n"}),
    Bad("two columns swapped", "column `session_number`, line 2: not a whole number", {"sessions": SESSIONS + f"1,{CANARY},2026-01-05,0,attended\n"}),
    Bad("two columns of words swapped", "column `ending`, line 2: not one of", courses(f"c1,p1,unknown,{CANARY}\n")),
    Bad("fewer cells than the header", "line 3: fewer cells than the header's 4", courses(f"c1,p1,t1,unknown\nc2,{CANARY},t2\n")),
    Bad("more cells than the header", "line 2: more cells than the header's 4", courses(f"c1,p1,t1,unknown,{CANARY}\n")),
    Bad("an empty line between rows", "line 3: fewer cells", courses(f"c1,p1,t1,unknown\n\nc2,{CANARY},t2,unknown\n")),
    Bad("an unpaired quotation mark", "line 2: quotation marks do not pair", courses(f'c1,"{CANARY},t1,unknown\nc2,p2,t2,unknown\n')),
    Bad("a line break within a cell: rows are not lines less one", "line 2: quotation marks do not pair", courses(f'c1,"{CANARY}\nmore",t1,unknown\n')),
    Bad("a carriage return within a line", "line 2: a carriage return inside a line", courses(f"c1,{CANARY}\r,t1,unknown\n")),
    Bad("semicolons", "cells are parted by semicolons or tabs", {"courses": COURSES.replace(",", ";") + f"c1;{CANARY};t1;unknown\n"}),
    Bad("a column twice", "the column's name stands twice", {"courses": f"course_id,patient_id,therapist_id,ending,ending\nc1,{CANARY},t1,unknown,unknown\n"}),
    Bad("a needed column missing", "column `ending` is missing", {"courses": f"course_id,patient_id,therapist_id\nc1,{CANARY},t1\n"}),
    Bad(
        "a column that nobody asked for",
        "column `shoe_size`, line 1: not part of table `courses`",
        courses(f"c1,p1,t1,unknown,{CANARY}\n", COURSES.strip() + ",shoe_size\n"),
    ),
    Bad(
        "a column named after a person",
        "(its name is not repeated here), line 1: not part of table `courses`",
        courses(f"c1,p1,t1,unknown,{CANARY}\n", f"{COURSES.strip()},Anna Quxzap\n"),
        secrets=(CANARY, "Quxzap", "Anna"),
    ),
    Bad("no row at all", "No row of table `courses` is left", courses("")),
    Bad("a table of another name", "is not named after a table of the contract", {"patients": f"{COURSES}c1,{CANARY},t1,unknown\n"}),
    Bad("a needed table missing", "sessions.csv is missing", {"sessions": None}, code=3),
]
CELLS = [
    Bad(
        "3.5 where a whole number is needed",
        "column `session_number`, line 2: not a whole number",
        {"sessions": SESSIONS + "c1,3.58741,2026-01-05,0,attended\n"},
        secrets=("3.58741",),
    ),
    Bad(
        "a number in Arabic digits",
        "column `session_number`, line 2: not a whole number",
        {"sessions": SESSIONS + "c1,٣٧٤١,2026-01-05,0,attended\n"},
        secrets=("٣٧٤١",),
    ),
    Bad(
        "a number with an exponent",
        "column `value`, line 2: not a decimal number",
        {"scores": SCORES + "c1,1,srs,standard,patient,3.1741e1\n"},
        secrets=("3.1741",),
    ),
    Bad("not a number", "column `value`, line 2: not a decimal number", {"scores": SCORES + f"c1,1,srs,standard,patient,{CANARY}\n"}),
    Bad(
        "a negative session",
        "column `session_number`, line 2: outside its range, 0 to 9999",
        {"sessions": SESSIONS + "c1,-7741,2026-01-05,0,attended\n"},
        secrets=("7741",),
    ),
    Bad(
        "a score outside its form's range",
        "column `value`, line 2: outside its range, 0 to 40",
        {"scores": SCORES + "c1,1,srs,standard,patient,77.41\n"},
        secrets=("77.41",),
    ),
    Bad("a questionnaire that nobody knows", "no such instrument, form and rater", {"scores": SCORES + f"c1,1,{CANARY},standard,patient,30\n"}),
    Bad(
        "a word that is not a choice",
        "column `attendance`, line 2: not one of attended, cancelled, missed",
        {"sessions": SESSIONS + f"c1,1,2026-01-05,0,{CANARY}\n"},
    ),
    Bad("a needed cell that is empty", "column `patient_id`, line 2: empty where a value is needed", courses(f"c1,,{CANARY},unknown\n")),
    Bad("a day that does not exist", "column `week`, line 2: not a date", {"sessions": SESSIONS + "c1,1,2026-02-30,0,attended\n"}, secrets=("2026-02-30",)),
    Bad("a date in the German way", "column `week`, line 2: not a date", {"sessions": SESSIONS + "c1,1,05.01.2026,0,attended\n"}, secrets=("05.01.2026",)),
    Bad(
        "a calendar date where a week is asked",
        "column `week`, line 2: not a Monday",
        {"sessions": SESSIONS + "c1,1,2026-01-07,0,attended\n"},
        secrets=("2026-01-07",),
    ),
    Bad(
        "a date of the last contact",
        "column `last_contact_week`, line 2: not a Monday",
        courses("c1,p1,t1,unknown,2026-01-09\n", COURSES.strip() + ",last_contact_week\n"),
        secrets=("2026-01-09",),
    ),
    Bad("a code that is too long", "column `patient_id`, line 2: not a code", courses(f"c1,{CANARY * 7},t1,unknown\n")),
    Bad("a code with letters that codes do not have", "column `patient_id`, line 2: not a code", courses(f"c1,ß{CANARY},t1,unknown\n")),
    Bad("a key twice", "line 3: the key (course_id) stands in an earlier line", courses(f"{CANARY},p1,t1,unknown\n{CANARY},p2,t1,unknown\n")),
    Bad(
        "a session twice",
        "line 4: the key (course_id, session_number)",
        {"sessions": SESSIONS + f"c1,1,,,attended\n{CANARY},1,,,attended\n{CANARY},1,,,missed\n"},
    ),
    Bad(
        "a manifest of two rows",
        "the manifest has one row, this file 2",
        {"manifest": MANIFEST + f"2026-03-31,{CANARY},e,simulated\n2026-03-31,{CANARY},e,simulated\n"},
    ),
    Bad("a manifest without a row", "the manifest has one row, this file 0", {"manifest": MANIFEST}),
    Bad("a manifest whose day is none", "column `as_of`, line 2: not a date", {"manifest": MANIFEST + f"{CANARY},Clinic A,e,simulated\n"}),
    Bad(
        "a manifest that does not say whether people stand behind it",
        "column `origin`, line 2: not one of simulated, real",
        {"manifest": MANIFEST + f"2026-03-31,Clinic A,e,{CANARY}\n"},
    ),
    Bad(
        "every session of a course that is not there",
        "No row of table `sessions` is left to load (1 refused: its course is not there)",
        {"sessions": SESSIONS + f"{CANARY},1,,,attended\n"},
    ),
]
NAMED = [
    Bad(
        f"a column `{name}`",
        f"column `{name}`, line 1: its name says that it holds {kind}",
        courses(f"c1,p1,t1,unknown,{CANARY}\n", f"{COURSES.strip()},{name}\n"),
    )
    for name, kind in (
        ("patient_name", "a person's name"),
        ("Nachname", "a person's name"),
        ("dob", "a date or year of birth"),
        ("address", "an address"),
        ("mobile", "a telephone or fax number"),
        ("email", "an e-mail address"),
        ("nhs_number", "a health service's or insurance number"),
        ("ssn", "a national, tax or social security number"),
        ("zip", "a postcode"),
        ("passport_no", "a passport, identity card or licence number"),
        ("mrn", "a medical record number"),
        ("age", "a single age; hand over `age_band`, top band 75+"),
    )
]
TELLING = [
    Bad(
        "an e-mail address",
        "column `patient_id`, line 3: e-mail addresses",
        in_courses("patient_id", "p1", f"{CANARY}@example.org"),
        secrets=(CANARY, "example.org"),
    ),
    Bad("a telephone number", "column `patient_id`, line 2: telephone numbers", in_courses("patient_id", "07700 900123", "p2"), secrets=("900123",)),
    Bad(
        "an international number", "column `therapist_id`, line 2: telephone numbers", in_courses("therapist_id", "+49 30 1234567", "t2"), secrets=("1234567",)
    ),
    Bad("NHS numbers", "column `patient_id`, line 2: NHS numbers (or numbers with their check digit) (4 times)", in_courses("patient_id", *NHS), secrets=NHS),
    Bad(
        "a social security number",
        "column `patient_id`, line 3: US social security numbers",
        in_courses("patient_id", "p1", "219-09-9412"),
        secrets=("219-09", "9412"),
    ),
    Bad("postcodes", "column `team`, line 2: postcodes (2 times)", in_courses("team", "SW1A 1AA", "EC1A 1BB"), secrets=("SW1A", "EC1A")),
    Bad("a calendar date as a code", "column `patient_id`, line 2: calendar dates", in_courses("patient_id", "1985-03-12", "p2"), secrets=("1985",)),
    Bad(
        "a calendar date within a code",
        "column `course_id`, line 2: calendar dates",
        in_courses("course_id", f"{CANARY} 2026-01-07", "c2"),
        secrets=(CANARY, "2026-01-07"),
    ),
    Bad(
        "dates of birth",
        "column `patient_id`, line 2: dates of birth (4 times)",
        in_courses("patient_id", "1985-03-12", "1961-07-01", "2001-05-05", "1972-01-01"),
        secrets=("1985", "1961"),
    ),
    Bad(
        "a name", "column `therapist_id`, line 3: names of people", in_courses("therapist_id", "t1", f"Anna {CANARY.title()}"), secrets=("Anna", CANARY.title())
    ),
    Bad(
        "names nobody lists",
        "column `patient_id`, line 2: names of people (2 times)",
        in_courses("patient_id", "Quxzap Blubb", "Zork Quxzap"),
        secrets=("Quxzap",),
    ),
    Bad("free text", "column `team`, line 2: free text", in_courses("team", f"{CANARY} says she feels better", ""), secrets=(CANARY, "feels")),
    Bad("a goal's wording", "column `area`, line 2: free text", {"goals": GOALS + f"g1,c1,gas,both,I want my {CANARY} back,1,,open,\n"}),
    Bad(
        "a single age",
        "column `age_band`, line 2: single ages; bands only, top band 75+ (2 times)",
        in_courses("age_band", "37.41", "41.37"),
        secrets=("37.41", "41.37"),
    ),
    Bad("a band above the top band", "column `age_band`, line 3: bands above the top band, 75+", in_courses("age_band", "25-34", "85-89"), secrets=("85-89",)),
    Bad("markup", "column `team`, line 2: markup", in_courses("team", f"<b>{CANARY}</b>", "")),
    Bad("a formula", "column `team`, line 2: formulas", in_courses("team", f"=HYPERLINK({CANARY})", "")),
    Bad("a formula behind a plus", "column `team`, line 2: formulas", in_courses("team", f"+cmd|' /C {CANARY}'!A0", "")),
    Bad("a formula behind an at sign", "column `team`, line 2: formulas", in_courses("team", f"@SUM({CANARY})", "")),
    Bad("a minus at the start of a code", "column `team`, line 2: not a code", in_courses("team", f"-{CANARY}", "")),
    Bad("a tab in a code", "column `team`, line 2: not a code", in_courses("team", f"a\t{CANARY}", "")),
]
EXPORTS = [
    Bad(
        "an export with a name that the mapping ignores",
        "column `client_name`, line 1: its name says that it holds a person's name",
        export=HEADER.replace("memo", "client_name") + ROWS.replace(",x\n", f",{CANARY}\n"),
        mapping=MAPPING.replace("memo", "client_name"),
    ),
    Bad(
        "an export with an e-mail address in a column that is ignored",
        "column `memo`, line 2: e-mail addresses",
        export=in_export(memo=f"{CANARY}@example.org"),
    ),
    Bad("an export with notes in a column that is ignored", "column `memo`, line 2: free text", export=in_export(memo=f"she was late again because {CANARY}")),
    Bad(
        "an export with a telephone number for a therapist",
        "column `doctor`, line 2: telephone numbers",
        export=in_export(doctor="07700 900123"),
        secrets=("900123",),
    ),
    Bad(
        "an export with a name for a patient",
        "column `person`, line 2: names of people",
        export=in_export(person=f"Anna {CANARY.title()}"),
        secrets=(CANARY.title(), "Anna"),
    ),
    Bad(
        "an export with a column that the mapping does not know",
        "column `shoe`, line 1: neither mapped nor ignored",
        export=HEADER.strip() + ",shoe\n" + ROWS.replace(",x\n", f",x,{CANARY}\n"),
    ),
    Bad("an export without its header", "the first line is not a header that mapping `ours` knows", export=ROWS.replace("d1,", f"{CANARY},", 1)),
    Bad(
        "an export without a column that the mapping needs",
        "column `site`, which mapping `ours` speaks of, is missing",
        export=HEADER.replace("site,", "") + f"d1,{CANARY},2,13.01.2026,y,1,30,x\n",
    ),
    Bad("an export of which no row is left", "no row is left: 1 refused, no therapist", export=HEADER + f"-,{CANARY},1,13.01.2026,y,Old,1,30,x\n"),
    Bad("an export that is cut", "the last line is not ended", export=HEADER + ROWS + f"d1,{CANARY},3,13."),
]
BAD = [*FORM, *CELLS, *NAMED, *TELLING, *EXPORTS]

GOOD: list[tuple[str, dict[str, str | bytes | None]]] = [
    ("the small clinic as it is", {}),
    ("a byte order mark", {"courses": "\ufeff" + SOUND["courses"]}),
    ("line ends of Windows", {name: text.replace("\n", "\r\n") for name, text in SOUND.items()}),
    ("every cell in quotation marks", {"courses": "".join(",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in SOUND["courses"].splitlines())}),
    ("columns in another order", courses("unknown,t1,p1,c1\nplanned,t2,p2,c2\n", "ending,therapist_id,patient_id,course_id\n")),
    (
        "no optional column and no optional table",
        courses("c1,p1,t1,unknown\nc2,p2,t2,planned\n") | {name: None for name in SOUND if name not in ("manifest", "courses", "sessions")},
    ),
    ("a table with a header alone", {"rupture_steps": "rupture_id,session_number,step,by\n"}),
    (
        "one course",
        courses("c1,4010232137,t1,unknown\n")
        | {"sessions": SESSIONS + "c1,1,2026-01-05,0,attended\n"}
        | {name: None for name in SOUND if name not in ("manifest", "courses", "sessions")},
    ),
    ("codes of forty signs with dashes, dots, slashes", in_courses("patient_id", "A" * 40, "2024-11-0017/b.3_x")),
    ("UUIDs", in_courses("patient_id", "1f0e8a54-77c3-4a63-9d0e-2f6a1b7c9d10", "00000000-0000-4000-8000-000000000001")),
    ("random numbers of ten digits", in_courses("patient_id", *GOOD_NHS_SHAPE)),
    ("two numbers of ten digits that pass a check by chance", in_courses("patient_id", *NHS[:2])),
    ("codes that look like numbers, words for missing, exponents", in_courses("patient_id", "007", "NA", "null", "1e5", "3.5")),
    ("a few codes like postcodes", in_courses("patient_id", "A1 2BC", "B33 8TH", *[f"k{n}x" for n in range(8)])),
    ("site, arm and counter", in_courses("patient_id", "001-01-0001", "001-02-0002", "014-01-0003")),
    ("year and counter", in_courses("patient_id", "20240001", "20240101", "20240201", "20240099", "20241300")),
    ("teams named as teams are", in_courses("team", "Team North 2", "North Harbour", "Victoria House", "Children and Families", "W1")),
    ("every age band", in_courses("age_band", "0-11", "12-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+")),
    ("an unknown start", courses("c1,p1,t1,unknown,\nc2,p2,t2,unknown,2026-01-05\n", COURSES.strip() + ",start_week\n")),
    (
        "session 0, a day before the first, no week",
        {"sessions": SESSIONS + "c1,0,2025-12-29,-7,attended\nc1,1,2026-01-05,0,attended\nc1,2,,,missed\nc1,3,2026-01-19,14,cancelled\nc2,1,,,attended\n"},
    ),
    ("a clinic and a source with a date in its name", {"manifest": MANIFEST + "2026-03-31,Dr Quux Practice,export 2026-03-31,simulated\n"}),
    ("quarters in place of weeks", courses("c1,p1,t1,unknown,2026-Q1\nc2,p2,t2,planned,\n", COURSES.strip() + ",start_quarter\n")),
]
GOOD_EXPORTS = [
    ("an export through its mapping", HEADER + ROWS),
    ("an export with the dates of its own making in a column that is ignored", in_export(memo="2026-01-13 10:22")),
    ("an export with names of agencies to spell", in_export(site="Children's Centre of Grand Lake & Co.")),
]
ROWS_REFUSED = [
    # a row that another row contradicts is refused and counted; the load goes on
    ("a session of a course that is not there", "its course is not there", {"sessions": SOUND["sessions"] + f"{CANARY},1,,,attended,\n"}),
    ("a session after the day up to which records are complete", "dated after as_of", {"sessions": SOUND["sessions"] + "c2,2,2027-01-04,7,attended,\n"}),
    ("a score of a session that is not there", "its session is not there", {"scores": SOUND["scores"] + f"{CANARY},7,srs,standard,patient,30\n"}),
    ("a goal closed before it was agreed", "closed before it was agreed", {"goals": SOUND["goals"] + f"{CANARY},c1,gas,both,work,3,1,dropped,\n"}),
    ("an open goal with its last session", "fate and closing session disagree", {"goals": SOUND["goals"] + f"{CANARY},c1,gas,both,work,1,2,open,\n"}),
    (
        "a goal replaced by one that is not there",
        "the goal that replaced it is not there",
        {"goals": SOUND["goals"] + f"gx,c1,gas,both,work,1,2,replaced,{CANARY}\n"},
    ),
    ("a rating beyond its goal's scale", "level outside its goal's scale", {"goal_ratings": SOUND["goal_ratings"] + "g2,3,patient,7\n"}),
    ("a rating of a goal that is not there", "its goal is not there", {"goal_ratings": SOUND["goal_ratings"] + f"{CANARY},3,patient,1\n"}),
    ("a step of a rupture before it", "before its rupture", {"rupture_steps": SOUND["rupture_steps"] + "r1,1,negotiated,patient\n"}),
]


def delivered(folder: Path, spoilt: dict[str, str | bytes | None]) -> Path:
    folder.mkdir()
    for name, text in (SOUND | spoilt).items():
        if text is not None:
            (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def exported(folder: Path, text: str | bytes, mapping: str) -> tuple[Path, str, Path]:
    folder.mkdir()
    (folder / "export.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "ours.toml").write_text(mapping)
    return folder / "export.csv", "--mapping", folder / "ours.toml"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; give exit code, stdout and stderr (in one line each)."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["therapy-process", *map(str, arguments)])
        monkeypatch.setattr(out, "_width", 300)  # however wide the terminal is
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, " ".join(said.out.split()), " ".join(said.err.split())

    return command


@dataclass(frozen=True)
class Served:
    """A store with a good generation, and what it is to be the same by afterwards."""

    folder: Path
    generation: store.Generation
    rows: dict[str, pd.DataFrame]
    files: dict[str, bytes]


def rows_of(folder: Path) -> dict[str, pd.DataFrame]:
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        return {name: engine.query(f"select * from {name} order by all") for name in ("manifest", *SOUND, "course_facts")}


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of the store and beside it, but the journal, to which each refusal adds its line."""
    return {str(path): path.read_bytes() for path in sorted(folder.parent.rglob("*")) if path.is_file() and path.name != "journal.jsonl"}


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Served:
    """The small clinic, loaded by the command; looked at only."""
    place = tmp_path_factory.mktemp("served")
    delivery = delivered(tmp_path_factory.mktemp("good") / "delivery", {})
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["therapy-process", "intake", str(place / "store"), str(delivery)])
        cli.main()
    assert not ended.value.code
    folder = place / "store"
    return Served(folder, store.current(folder), rows_of(folder), files_of(folder))


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_file_is_refused_by_kind_without_its_values_and_what_was_served_is_served_still(run, served, tmp_path, bad):
    files = exported(tmp_path / "export", bad.export, bad.mapping) if bad.export else (delivered(tmp_path / "delivery", bad.spoilt),)

    code, out, err = run("intake", served.folder, *files)

    assert (code, bad.said in err) == (bad.code, True), err
    assert "Traceback" not in err and out == ""
    for secret in bad.secrets:
        assert secret not in out + err
    assert store.current(served.folder) == served.generation
    assert files_of(served.folder) == served.files
    journal = (served.folder / "journal.jsonl").read_text()
    assert not any(secret in journal for secret in bad.secrets)


def test_after_all_refusals_the_generation_still_opens_with_the_same_rows(run, served, tmp_path):
    for number, bad in enumerate(BAD[::9]):
        files = exported(tmp_path / str(number), bad.export, bad.mapping) if bad.export else (delivered(tmp_path / str(number), bad.spoilt),)
        run("intake", served.folder, *files)

    for name, frame in rows_of(served.folder).items():
        pd.testing.assert_frame_equal(frame, served.rows[name])


@pytest.mark.parametrize(("what", "spoilt"), GOOD, ids=[what for what, _ in GOOD])
def test_a_good_file_loads(run, tmp_path, what, spoilt):
    code, out, err = run("intake", tmp_path / "store", delivered(tmp_path / "delivery", spoilt))

    assert code == 0 and "Loaded into" in out, err
    manifest = store.current(tmp_path / "store").manifest
    lines = {name: (text if isinstance(text, bytes) else text.encode()).count(b"\n") - 1 for name, text in (SOUND | spoilt).items() if text is not None}
    account = {entry["table"]: entry for entry in manifest["about"]["intake"]["tables"]}
    assert {name: entry["rows_in"] for name, entry in account.items()} == lines
    assert {name: entry["kept"] for name, entry in account.items()} == {name: manifest["counts"][name] for name in lines}
    assert account["courses"]["kept"] == lines["courses"]


@pytest.mark.parametrize(("what", "text"), GOOD_EXPORTS, ids=[what for what, _ in GOOD_EXPORTS])
def test_a_good_export_loads(run, tmp_path, what, text):
    code, out, err = run("intake", tmp_path / "store", *exported(tmp_path / "export", text, MAPPING))

    assert code == 0 and "Loaded into" in out, err
    assert store.current(tmp_path / "store").manifest["counts"]["sessions"] == 3


@pytest.mark.parametrize(("what", "reason", "spoilt"), ROWS_REFUSED, ids=[what for what, *_ in ROWS_REFUSED])
def test_a_row_that_another_row_contradicts_is_refused_alone_and_counted(run, served, tmp_path, what, reason, spoilt):
    code, out, err = run("intake", served.folder, delivered(tmp_path / "delivery", spoilt), "--check")

    assert code == 0 and f"refused: {reason}" in out and "nothing was loaded" in out, err
    assert CANARY not in out + err and files_of(served.folder) == served.files


def test_the_table_is_as_long_as_it_was_promised():
    assert len(BAD) >= 40 and len(GOOD) + len(GOOD_EXPORTS) >= 20
    assert len({bad.what for bad in BAD}) == len(BAD)
