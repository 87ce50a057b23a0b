"""Files whose form or cells break the contract, each with what is said of it: half of the table of refusals that `test_refusals` runs through the command.

Every bad file holds a canary where the fault is, which nothing that the command says may repeat.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field

from tests.intake.test_mapping import MAPPING

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
