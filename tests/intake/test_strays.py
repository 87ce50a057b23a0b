"""What an adversary would try, and what a clinic would really export: identifiers that are no column's own, and good files that look like them."""

from __future__ import annotations

import random
from pathlib import Path

import openpyxl
import pytest
from tests.intake.bad_files import COURSES, MANIFEST, courses, in_courses
from tests.intake.conftest import SOUND
from tests.intake.test_mapping import HEADER, MAPPING, ROWS

from process import intake
from process.errors import FileRefused

CHANCE = random.Random(1)
IDS = [f"k{number}" for number in range(30)]
NAMES, DATES, BIRTHS, LONG = "names of people", "calendar dates", "dates of birth", "long numbers among labels"
BLANK, NUMBER = "a blank before or after a code", "a number of six digits or more"
Spoilt = dict[str, str | bytes | None]


def among_teams(cell: str) -> Spoilt:
    """One course whose team is this, among nineteen whose team is one."""
    return in_courses("team", *["North"] * 10, cell, *["South"] * 9)


def stated(as_of: str = "2026-03-31", clinic: str = "Clinic A", source: str = "export 1", origin: str = "simulated") -> Spoilt:
    return {"manifest": f"{MANIFEST}{as_of},{clinic},{source},{origin}\n"}


def goal(area: str, weight: str = "1") -> Spoilt:
    header = "goal_id,course_id,scale,set_by,area,agreed_session,closed_session,fate,replaced_by,weight\n"
    return {"goals": f"{header}g1,c1,gas,both,{area},1,2,replaced,g2,{weight}\ng2,c1,gas,patient,work,2,,open,,1\n"}


def numbers(digits: int, many: int = 200) -> list[str]:
    return [str(CHANCE.randrange(10 ** (digits - 1), 10**digits)) for _ in range(many)]


def lettered(digits: int) -> list[str]:
    return ["".join(CHANCE.choice("ABCDEFGHJK") for _ in range(2)) + number for number in numbers(digits, 300)]


BAD: dict[str, tuple[str, Spoilt]] = {
    "a name in one team": (NAMES, among_teams("Anna Schmidt")),
    "a name in capitals in one team": (NAMES, among_teams("ANNA SCHMIDT")),
    "a title and a name in one team": (NAMES, among_teams("Frau Schmidt")),
    "a date with slashes in one team": (DATES, among_teams("12/03/85")),
    "a date in one team": (DATES, among_teams("1985-03-12")),
    "a date without signs in one team": (DATES, among_teams("19850312")),
    "a date with dots in one team": (DATES, among_teams("12.03.85")),
    "a short date with dots in one team": (DATES, among_teams("2.3.85")),
    "a date in words in one team": (DATES, among_teams("12 March 1985")),
    "a date in German words in one team": (DATES, among_teams("12. Mai 1985")),
    "an NHS number in one team": (LONG, among_teams("9434765919")),
    "a telephone number in one team": ("telephone numbers", among_teams("07700900123")),
    "a social security number in one team": ("US social security numbers", among_teams("219-09-9412")),
    "a postcode in one team": ("postcodes", among_teams("SW1A 1AA")),
    "a name in a goal's area": (NAMES, goal("Anna Schmidt")),
    "a date in a goal's area": (DATES, goal("1985-03-12")),
    "a telephone number behind a weight's point": ("more than 3 decimals", goal("work", "0.7700900123")),
    "an NHS number in a weight": ("outside its range, 0 to 100", goal("work", "9434765919")),
    "a decimal comma in a weight": ("a decimal comma; export numbers with a point", goal("work", '"1,5"')),
    "an NHS number for a clinic": (NUMBER, stated(clinic="9434765919")),
    "a name for a clinic": (NAMES, stated(clinic="Anna Schmidt")),
    "a patient's code for a clinic": ("is one of the codes in this delivery", stated(clinic="p1")),
    "a birth date for a clinic": (NUMBER, stated(clinic="12.03.1985")),
    "a user's name for a source": (NAMES, stated(source="anna.schmidt")),
    "a telephone number for a source": ("telephone numbers", stated(source="0770 0900123")),
    "a short birth date in a source": (NUMBER, stated(source="export 12.03.85")),
    "a day far ahead": ("lies in the future", stated(as_of="2199-01-01", origin="real")),
    "one user's name among ids": (NAMES, in_courses("patient_id", *IDS, "anna.schmidt")),
    "one name in small letters among ids": (NAMES, in_courses("patient_id", *IDS, "anna schmidt")),
    "one name in capitals among ids": (NAMES, in_courses("patient_id", *IDS, "SCHMIDT ANNA")),
    "initials and surnames for therapists": (NAMES, in_courses("therapist_id", "a.schmidt", "b.lindner", "c.fischer", "d.weber")),
    "surnames and initials": (NAMES, in_courses("patient_id", "schmidt.a", "lindner.b", "fischer.c")),
    "surnames for therapists": (NAMES, in_courses("therapist_id", "Schmidt", "Lindner", "Fischer", "Weber")),
    "initials and years of birth": (BIRTHS, in_courses("patient_id", "AS1985", "BM1961", "CF2001", "DW1972")),
    "initials and dates of birth": (BIRTHS, in_courses("patient_id", "AS120385", "BM010761", "CF050501", "DW010172", "EX311290")),
    "initials and whole dates of birth": (BIRTHS, in_courses("patient_id", "AS19850312", "BM19610701", "CF20010505", "DW19720101")),
    "bank accounts": ("bank accounts (IBAN)", in_courses("patient_id", "DE89370400440532013000", "GB82WEST12345698765432")),
    "Danish personal numbers": ("personal numbers", in_courses("patient_id", "120385-1234", "010761-4321", "050501-1111", "010172-2222")),
    "a code with a blank behind it": (BLANK, in_courses("patient_id", "p1", "p1 ")),
    "a code with a blank before it": (BLANK, in_courses("patient_id", "p1", " p1")),
    "a code with a blank that no line breaks at": (BLANK, in_courses("patient_id", "p1", "p1\u00a0")),
    "a code with a second blank": ("the same as another code but for a second blank", in_courses("patient_id", "p 1", "p  1")),
    "a letter in two parts": ("not a code", in_courses("patient_id", "pe1", "pe\u03011")),
    "a year in planned_sessions": ("outside its range, 1 to 500", courses("c1,p1,t1,unknown,1985\n", COURSES.strip() + ",planned_sessions\n")),
    "a score with a decimal comma": ("a decimal comma", {"scores": SOUND["scores"].replace("31.5", '"31,5"')}),
}
GOOD: dict[str, Spoilt] = {
    "teams that are called like months and people": in_courses("team", "May", "June", "Rosa", "Victoria", "Martin"),
    "numbers for teams": in_courses("team", "1", "2", "12", "4711"),
    "cost centres": in_courses("team", "1000234567", "1000234568", "1000234569"),
    "one short cost centre": in_courses("team", "100023", *["North"] * 8),
    "German teams": in_courses("team", "Tagesklinik Sued", "Ambulanz Mitte", "Station 3B", "Haus Maria", "Klinik am Park", "Praxis Dr. Weber"),
    "Danish teams": in_courses("team", "Aarhus Nord", "Odense Centrum", "Team Koebenhavn", "Psykiatrisk Klinik"),
    "French teams": in_courses("team", "Centre Jean Piaget", "Hopital Saint Antoine", "Equipe Nord", "CMP Marie Curie Centre"),
    "Dutch teams": in_courses("team", "Team Noord", "FACT wijkteam", "Sanne huis"),
    "wards that are called after people": in_courses("team", *["Florence Nightingale"] * 6, *["Anna Freud"] * 6, *["North"] * 20, *["East Wing"] * 5),
    "forms of therapy": in_courses("team", "CBT", "EMDR", "IPT", "Schema", "ACT", "DBT", "Art Therapy"),
    "diagnoses": in_courses("team", "F32.1", "F41.2", "F43.10", "Z63.0", "9-607.1"),
    "numbers of a catalogue": in_courses("team", "10.02.01", "10.02.02", "none", "unknown", "other", "work"),
    "years and quarters for cohorts": in_courses("team", "2024", "2025-10", "2024-Q1", "18-25"),
    "what Excel makes of yes and no": in_courses("team", "TRUE", "FALSE"),
    **{f"random ids of {digits} digits": in_courses("patient_id", *numbers(digits)) for digits in (6, 8, 9, 10, 11)},
    **{f"two letters and {digits} random digits": in_courses("patient_id", *lettered(digits)) for digits in (4, 6, 8)},
    "random hexadecimal ids": in_courses("patient_id", *[f"{CHANCE.randrange(16**16):016x}" for _ in range(200)]),
    "random letters and digits": in_courses("patient_id", *["".join(CHANCE.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=8)) for _ in range(300)]),
    "sites and counters": in_courses("patient_id", *[f"{site}{number}" for site in ("BE", "MU", "HH") for number in range(1985, 2015)]),
    "years of admission": in_courses("patient_id", "CL2019", "CM2020", "CN2021", "CP2022"),
    "counter and year": in_courses("patient_id", "12/2024", "13/2024", "14/2024"),
    "object identifiers": in_courses("patient_id", "1.2.840.113619", "1.2.840.113620"),
    "site, arm, number with dashes": in_courses("patient_id", "01-02-03", "01-02-04", "02-03-11"),
    "sites as letters": in_courses("patient_id", "site-a", "site-b", "site-c", "site-d"),
    "two words for an id": in_courses("patient_id", "red-fox", "blue-whale", "green-frog", "jan-001", "Mark II 1"),
    "colours for therapists": in_courses("therapist_id", "Brown", "Green", "Red", "Blue", "White", "Black", "Grey"),
    "animals for therapists": in_courses("therapist_id", "Fuchs", "Otter", "Dachs", "Luchs", "Wolf", "Hirsch"),
    "initials for therapists": in_courses("therapist_id", "AS", "BM", "CF", "t.north", "t.south", "t.east"),
    "a practice that is called after its owner": stated(clinic="Praxis Dr. Anna Schmidt Psychotherapie"),
    "a clinic that is called after somebody": stated(clinic="Anna Freud Centre"),
    "a clinic at a park": stated(clinic="Klinik am Park"),
    "a source with a day": stated(clinic="Clinic 12", source="SAP export 2026-03-31"),
    "a source with a version": stated(source="ORBIS 08.04.26 v10.2.331"),
    "a simulated clinic of the future": stated(as_of="2199-01-01"),
    "areas of life": goal("Family and friends", "33.333"),
    "areas of life in few words": goal("going out alone", "0.5"),
    "a mark and line ends of Windows": {name: f"\ufeff{text}".replace("\n", "\r\n") for name, text in SOUND.items()},
}


def deliver(folder: Path, spoilt: Spoilt) -> Path:
    folder.mkdir()
    for name, text in (SOUND | spoilt).items():
        if text is not None:
            (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


@pytest.mark.parametrize("what", BAD)
def test_an_identifier_that_strayed_is_refused_by_kind(tmp_path, what):
    kind, spoilt = BAD[what]

    with pytest.raises(FileRefused) as refused:
        intake.read([deliver(tmp_path / "delivery", spoilt)])

    assert kind in str(refused.value)


@pytest.mark.parametrize("what", GOOD)
def test_a_file_that_only_looks_like_that_is_taken(tmp_path, what):
    taken = intake.read([deliver(tmp_path / "delivery", GOOD[what])])

    assert len(taken.records["courses"]) and taken.report.table("courses").refused == {}


def test_there_are_thirty_of_each():
    assert len(BAD) >= 30 and len(GOOD) >= 30


def test_a_name_that_a_mapping_gives_the_clinic_is_refused_and_so_is_a_day_ahead(tmp_path):
    (tmp_path / "export.csv").write_text(HEADER + ROWS)
    for change, said in (
        (('clinic = "Clinic B"', 'clinic = "Anna Schmidt"'), NAMES),
        (('source = "export 7"', 'source = "4505577104"'), NUMBER),
        (('origin = "simulated"\nas_of = "2026-03-31"', 'origin = "real"\nas_of = "2199-03-31"'), "lies in the future"),
    ):
        (tmp_path / "ours.toml").write_text(MAPPING.replace(*change))
        with pytest.raises(FileRefused, match=said) as refused:
            intake.read([tmp_path / "export.csv"], tmp_path / "ours.toml")
        assert "Schmidt" not in str(refused.value) and "4505577104" not in str(refused.value)


def test_an_appointment_still_to_come_does_not_make_records_complete_up_to_then(tmp_path):
    (tmp_path / "export.csv").write_text(HEADER + ROWS.replace("13.01.2026", "13.01.2036"))
    (tmp_path / "ours.toml").write_text(MAPPING.replace('"simulated"\nas_of = "2026-03-31"', '"real"\nas_of = { latest = "seen" }'))

    with pytest.raises(FileRefused, match="take appointments that are still to come out of the export"):
        intake.read([tmp_path / "export.csv"], tmp_path / "ours.toml")


def test_a_code_with_a_blank_is_refused_within_a_joined_code_too(tmp_path):
    (tmp_path / "export.csv").write_text(HEADER + ROWS + "d1 ,p1,3,14.01.2026,y,-,1,30,x\n")
    (tmp_path / "ours.toml").write_text(MAPPING)

    taken = intake.read([tmp_path / "export.csv"], tmp_path / "ours.toml")

    assert len(taken.records["courses"]) == 2
    assert any(BLANK in reason for reason in taken.report.table("sessions").refused)


def test_a_name_typed_with_its_accent_apart_is_the_same_team(tmp_path):
    rows = ROWS.replace("Old Town & Co", "M\u00fcllerhaus", 1) + "d3,p3,1,14.01.2026,y,Mu\u0308llerhaus,1,30,x\n"
    (tmp_path / "export.csv").write_text(HEADER + rows, encoding="utf-8")
    (tmp_path / "ours.toml").write_text(MAPPING)

    teams = intake.read([tmp_path / "export.csv"], tmp_path / "ours.toml").records["courses"]["team"].dropna()

    assert teams[teams.str.endswith("llerhaus")].nunique() == 1


@pytest.mark.parametrize("name", ["anna_schmidt_export", "NHS 943 476 5919", "4505577104"])
def test_a_files_name_is_not_repeated_where_it_may_be_somebodys(tmp_path, name):
    (tmp_path / f"{name}.csv").write_text("course_id\nc1")
    with pytest.raises(FileRefused, match="its name is not repeated here") as refused:
        intake.read([tmp_path / f"{name}.csv"], "wide_sessions")
    assert name not in str(refused.value)
    with pytest.raises(FileRefused, match="its name is not repeated here"):
        intake.read([tmp_path / f"{name}.txt" if (tmp_path / f"{name}.txt").write_text("x") else tmp_path])


def test_a_sheets_name_is_not_repeated_where_it_is_no_tables(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "courses"
    book.active.append(["course_id"])
    book.create_sheet("Anna Schmidt 1985").append(["x"])
    book.save(tmp_path / "clinic.xlsx")

    with pytest.raises(FileRefused, match="sheet 2 is not named after a table") as refused:
        intake.read([tmp_path / "clinic.xlsx"])
    assert "Anna" not in str(refused.value)
