"""Files that a clinic may well export and that have to load, and rows that are refused alone while the others load."""

from __future__ import annotations

from tests.intake.bad_files import CANARY, COURSES, GOOD_NHS_SHAPE, MANIFEST, NHS, SESSIONS, courses, in_courses
from tests.intake.conftest import SOUND
from tests.intake.identifying_files import in_export
from tests.intake.test_mapping import HEADER, ROWS

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
