"""Files that would bring in who people are, and exports that their mapping does not fit: the other half of the table of refusals."""

from __future__ import annotations

from tests.intake.bad_files import CANARY, COURSES, GOALS, MANIFEST, NHS, Bad, courses, in_courses
from tests.intake.test_mapping import HEADER, MAPPING, ROWS


def in_export(**cells: str) -> str:
    """A sound export, of which the first row has these cells."""
    first = dict(zip(HEADER.strip().split(","), ROWS.splitlines()[0].split(","), strict=True)) | cells
    return HEADER + ",".join(first.values()) + "\n" + "\n".join(ROWS.splitlines()[1:]) + "\n"


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
        in_courses("age_band", "37.4119", "41.3719"),
        secrets=("37.4119", "41.3719"),
    ),
    Bad("a band above the top band", "column `age_band`, line 3: bands above the top band, 75+", in_courses("age_band", "25-34", "85-89"), secrets=("85-89",)),
    Bad("markup", "column `team`, line 2: markup", in_courses("team", f"<b>{CANARY}</b>", "")),
    Bad("a formula", "column `team`, line 2: formulas", in_courses("team", f"=HYPERLINK({CANARY})", "")),
    Bad("a formula behind a plus", "column `team`, line 2: formulas", in_courses("team", f"+cmd|' /C {CANARY}'!A0", "")),
    Bad("a formula behind an at sign", "column `team`, line 2: formulas", in_courses("team", f"@SUM({CANARY})", "")),
    Bad("a minus at the start of a code", "column `team`, line 2: not a code", in_courses("team", f"-{CANARY}", "")),
    Bad("a tab in a code", "column `team`, line 2: not a code", in_courses("team", f"a\t{CANARY}", "")),
]
STRAYS = [
    Bad(
        "a name in one cell of a column of labels",
        "column `team`, line 5: names of people",
        in_courses("team", "North", "North", "South", f"Anna {CANARY.title()}"),
        secrets=("Anna", CANARY.title()),
    ),
    Bad(
        "a date in one cell of a column of labels",
        "column `team`, line 5: calendar dates",
        in_courses("team", "North", "North", "South", "12/03/85"),
        secrets=("12/03",),
    ),
    Bad("a code with a blank behind it", "column `patient_id`, line 3: a blank before or after a code", in_courses("patient_id", "p1", f"{CANARY} ")),
    Bad(
        "a name for a clinic",
        "column `clinic`, line 2: names of people",
        {"manifest": f"{MANIFEST}2026-03-31,Anna {CANARY.title()},e,simulated\n"},
        secrets=("Anna", CANARY.title()),
    ),
    Bad(
        "a number for a source",
        "column `source`, line 2: a number of six digits or more",
        {"manifest": f"{MANIFEST}2026-03-31,A,{NHS[0]},simulated\n"},
        secrets=(NHS[0],),
    ),
    Bad("a day in the future", "column `as_of`: lies in the future", {"manifest": f"{MANIFEST}2199-01-01,A,{CANARY},real\n"}),
    Bad(
        "a year for planned sessions",
        "column `planned_sessions`, line 2: outside its range, 1 to 500",
        courses("c1,p1,t1,unknown,1974\n", f"{COURSES.strip()},planned_sessions\n"),
        secrets=("1974",),
    ),
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
