"""What identifies people in a column, by its name or its cells; and, as important, what does not, because a false alarm stops a clinic's weekly load."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.contract.tables import TABLES
from process.errors import FileRefused
from process.intake import faults
from process.intake.identifying import cells as telling_cells
from process.intake.identifying import names as telling_names
from process.intake.identifying import national_numbers
from process.intake.identifying import refusing as identifying
from process.intake.identifying.refusing import Asked
from process.intake.mappings.finding import find

DOCS = (Path(__file__).parents[2] / "docs" / "intake.md").read_text(encoding="utf-8")
chance = np.random.default_rng(20260331)


def digits(length: int, many: int) -> list[str]:
    return ["".join(map(str, row)) for row in chance.integers(0, 10, (many, length))]


def nhs_numbers(many: int) -> list[str]:
    """Numbers with the check digit of the NHS Data Dictionary, worked out digit by digit."""
    found: list[str] = []
    while len(found) < many:
        nine = digits(9, 1)[0]
        check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            found.append(nine + str(check % 11))
    return found


def kinds(cells: list[str], role: str) -> dict[str, list[str]]:
    """By kind, the cells that are found."""
    found = telling_cells.telling(pa.array(cells, pa.string()), role)
    return {kind: [cell for cell, is_it in zip(cells, mask, strict=True) if is_it] for kind, mask in found.items()}


NAMES = [
    # a kind, and names of columns that say so
    (telling_names.PERSON, "name Name Surname first_name FirstName last-name patientName vorname Nachname prénom nom apellidos Nombre achternaam initials"),
    (telling_names.BIRTH, "dob DOB date_of_birth DateOfBirth birthYear Geburtsdatum date_de_naissance fecha_nacimiento geboortedatum"),
    (telling_names.ADDRESS, "address home_address Street Straße strasse Hausnummer adresse direccion calle adres straat"),
    (telling_names.PHONE, "phone phone_1 Telephone tel mobile Telefon Handynummer téléphone teléfono telefoon mobiel fax"),
    (telling_names.MAIL, "email e-mail E_Mail emailAddress mail courriel correo_electronico"),
    (telling_names.HEALTH_NUMBER, "nhs_number NHSNumber nhs_no NHS insurance_number Versichertennummer KVNR zorgverzekering"),
    (telling_names.NATIONAL_NUMBER, "ssn SSN social_security_number nino Steuer_ID BSN dni numero_secu sozialversicherungsnummer"),
    (telling_names.POSTCODE, "postcode PostCode post_code zip ZIP zip_code PLZ Postleitzahl code_postal codigo_postal"),
    (telling_names.DOCUMENT, "passport_no PassportNumber Reisepass pasaporte driving_licence IBAN Personalausweis"),
    (telling_names.RECORD_NUMBER, "MRN mrn medical_record_number hospital_number Aktennummer dossiernummer"),
    (telling_names.ELECTRONIC, "username ip_address device_id url"),
]


@pytest.mark.parametrize(("kind", "names"), NAMES, ids=[kind for kind, _ in NAMES])
def test_a_columns_name_says_what_it_holds_in_five_languages(kind, names):
    for name in names.split():
        assert telling_names.identifier(name) == kind, name


HARMLESS = (
    "agency_name event_name redcap_event_name instrument_name form_name nombre_sesiones nom_clinique names_of_goals client_number therapist_tag session_date "
    "last_contact_week birth_order insurance_type nhs_trust zipped addressed_goals problem_addressed mailing mobile_app email_sent record_id case_id "
    "group_code telemedicine strategy average stage language"
).split()


@pytest.mark.parametrize("name", [*HARMLESS, *dict.fromkeys(name for table in TABLES.values() for name in table.names)])
def test_a_harmless_name_is_no_identifier(name):
    assert telling_names.identifier(name) is None and not telling_names.single_age(name)


def test_ages_in_years_are_told_from_bands():
    assert all(map(telling_names.single_age, ("age", "Age", "age_in_years", "patient_age", "Alter", "edad", "leeftijd")))
    assert not any(map(telling_names.single_age, ("age_band", "stage", "average", "language")))


PLAIN = [
    # a kind, and cells that are it among other codes, each alone enough
    (telling_cells.MAIL, ["anna@example.org", "write to a.b@c.co.uk"]),
    (telling_cells.WEB, ["https://example.org/p/1", "www.example.org"]),
    ("telephone numbers", ["+44 20 7946 0958", "+4930123456", "0049 30 1234567", "07700 900123", "07700900123", "(020) 7946 0958", "(555) 234-5678"]),
    ("telephone numbers", ["555-234-5678", "0171/1234567", "030 1234567", "06 12 34 56 78", "06.12.34.56.78", "06-12345678", "020-1234567"]),
    (telling_cells.SSN, ["219-09-9999"]),
    (
        telling_cells.DATE,
        ["1985-03-12", "12/03/1985", "3/12/1985", "12.3.1985", "2026-01-05T10:00", "anna 1985-03-12", "born 12/03/1985", "3 March 1985", "12. Mai 1990"],
    ),
    (telling_cells.TEXT, ["patient says she feels better", "Very bad week at work.", "ich war heute nicht da", "elle était très triste", "hij heeft geen zin"]),
    (telling_cells.MARKUP, ["<b>x</b>", "<script>", "&lt;b", "javascript:x", "{{x}}"]),
    (telling_cells.FORMULA, ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3(1", "\tx"]),
    ("names of people", ["Anna Schmidt", "Maria van der Berg", "Smith, John", "Dr. Quux", "Élodie Dupont-Martin"]),
]


@pytest.mark.parametrize(("kind", "cells"), PLAIN, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(PLAIN)])
def test_one_cell_is_enough_where_it_can_be_nothing_else(kind, cells):
    for cell in cells:
        assert kinds(["P0017", "p-18", cell, "QX 2"], "id") == {kind: [cell]}, cell


JUDGED = [
    # what the column holds, the kind
    ("NHS numbers", lambda: nhs_numbers(10), "NHS numbers (or numbers with their check digit)"),
    ("NHS numbers with spaces", lambda: [f"{n[:3]} {n[3:6]} {n[6:]}" for n in nhs_numbers(10)], "NHS numbers (or numbers with their check digit)"),
    ("British postcodes", lambda: ["SW1A 1AA", "EC1A 1BB", "M1 1AE", "B33 8TH"], "postcodes"),
    ("British postcodes without spaces", lambda: ["SW1A1AA", "EC1A1BB", "M11AE", "B338TH"], "postcodes"),
    ("Canadian postcodes", lambda: ["K1A 0B1", "V6C 1T4"], "postcodes"),
    ("Dutch postcodes", lambda: ["1012 AB", "3511 CE", "9712 HM"], "postcodes"),
    ("nine-digit ZIP codes", lambda: ["73104-5020", "73019-2115", "74135-8871"], "postcodes"),
    ("dates without signs", lambda: ["19850312", "19900101", "20011130"], telling_cells.DATE),
    ("dates with short years", lambda: ["12/03/85", "01/11/90"], telling_cells.DATE),
    ("dates with short years and dots", lambda: ["12.03.85", "01.11.90", "30.06.61", "07.07.04", "25.12.72"], telling_cells.DATE),
    (
        "personal numbers",
        lambda: ["120385-4127", "011190-8826", "300661-9413", "070704-2718", "251272-3141"],
        "personal numbers that begin with a date of birth",
    ),
    ("surnames and first names nobody lists", lambda: ["Zork Blubb", "Xaver Quux", "Blim Blam"], "names of people"),
    ("first names alone", lambda: ["Anna", "Peter", "Laura", "Jan"], "names of people"),
    ("dates of birth", lambda: ["1985-03-12", "1961-07-01", "2001-05-05", "1972-01-01"], telling_cells.BIRTH),
    ("Dutch service numbers", lambda: ["111222333", "123456782", "999990019"], "Dutch citizen service numbers (BSN)"),
    ("Spanish identity numbers", lambda: ["12345678Z", "00000000T", "87654321X"], "Spanish identity numbers (DNI)"),
    ("mobile numbers as digits", lambda: ["0612345678", "0698765432", "0711223344"], "telephone numbers"),
    (
        "American numbers as digits",
        lambda: [f"{a}{e}{n}" for a, e, n in zip([405, 918, 580] * 10, range(201, 231), digits(4, 30), strict=True)],
        "telephone numbers",
    ),
]


@pytest.mark.parametrize(("what", "cells", "kind"), JUDGED, ids=[what for what, *_ in JUDGED])
def test_a_column_shows_what_its_cells_alone_do_not(what, cells, kind):
    assert list(kinds(cells(), "id")) == [kind]


CODES = {
    "ten random digits": lambda: digits(10, 3000),
    "nine random digits": lambda: digits(9, 3000),
    "eleven random digits": lambda: digits(11, 3000),
    "eight random digits": lambda: digits(8, 3000),
    "a single number of ten digits": lambda: ["4010232137"],
    "two numbers of ten digits": lambda: nhs_numbers(2),
    "random digits in three parts": lambda: [f"{n[:3]}-{n[3:6]}-{n[6:]}" for n in digits(10, 100)],
    "a counter of ten digits": lambda: [f"{n:010d}" for n in range(2000)],
    "a counter from four thousand million": lambda: [str(4002000001 + n) for n in range(2000)],
    "a counter in steps of eleven": lambda: [str(4002000001 + 11 * n) for n in range(2000)],
    "site six and a counter": lambda: [f"06{n:08d}" for n in range(2000)],
    "year and counter": lambda: [f"2024{n:04d}" for n in range(1, 1300)],
    "year, dash and counter": lambda: [f"2024-{n:04d}" for n in range(1, 1300)],
    "site, arm and counter": lambda: [f"001-{arm:02d}-{n:04d}" for arm in (1, 2, 3) for n in range(1, 90)],
    "site, study and counter in the shape of a telephone number": lambda: [f"405-{study}-{n:04d}" for study in (234, 301) for n in range(1, 60)],
    "site, arm and number of two digits": lambda: [f"{site:02d}-{arm:02d}-{n:02d}" for site in (1, 2, 3) for arm in (1, 2) for n in range(1, 29)],
    "a site whose number could be a date, and a counter": lambda: [f"110234-{n:04d}" for n in range(1, 200)],
    "a letter, nine digits, a counter": lambda: [f"P{n:09d}" for n in range(300)],
    "site, dash and counter": lambda: [f"{site:03d}-{n:04d}" for site in (1, 2, 14) for n in range(100)],
    "UUIDs": lambda: [str(uuid.UUID(int=int(n))) for n in chance.integers(0, 2**62, 500)],
    "hexadecimal": lambda: [f"{n:016x}" for n in chance.integers(0, 2**62, 500)],
    "letters, dashes, underscores": lambda: ["ab-cd-12", "P_0001", "x/1.2-3_4", "A" * 40, "1.2.3", "NA", "null", "007", "1e5"],
    "a few lookalikes of postcodes": lambda: ["A1 2BC", "B2 3CD", "M1 1AA", *[f"k{n}x" for n in range(40)]],
    "seconds since 1970": lambda: [str(1767571200 + 60 * n) for n in range(500)],
    "client and number": lambda: ["Client One", "Client Two", "Case Alpha"],
}


@pytest.mark.parametrize("role", ["id", "label", "other"])
@pytest.mark.parametrize("what", CODES)
def test_codes_are_codes(what, role):
    assert kinds(CODES[what](), role) == {}


LABELS = [
    "Team North 2", "North Harbour", "Victoria House", "Community Team East", "Charlotte Clinic", "Payne County Health Dept.", "Sunrise Counseling, Inc.",
    "Center for the Prevention of Violence", "Mood disorder not otherwise specified", "Bipolar II disorder", "Social Anxiety", "PTSD", "WHO wellbeing",
    "Cognitive Behavioural", "work and study", "self_worth", "Paul Street", "loss of a parent",
]  # fmt: skip


def test_names_of_teams_problems_and_places_are_labels():
    assert kinds(LABELS, "label") == {}


def test_random_ten_digit_ids_are_hardly_ever_taken_for_nhs_numbers():
    taken = sum(bool(national_numbers.numbered(pa.array(digits(10, many)))) for many in (1, 2, 3, 4, 5, 8, 12, 20, 50) * 200)

    assert taken <= 8  # 1,800 columns; the test allows 1 in 1,000 for a small one


def test_nhs_numbers_among_random_ids_are_found():
    assert national_numbers.numbered(pa.array(digits(10, 900) + nhs_numbers(300)))


def test_a_tenth_of_random_codes_pass_the_check_and_that_is_what_chance_gives():
    passing = national_numbers.NUMBERS[0].passes(national_numbers._digits(texts := digits(10, 100_000)), texts)

    assert passing.mean() == pytest.approx(1 / 11, abs=0.004)


def test_single_ages_and_bands_above_the_top_are_told_and_bands_pass():
    assert kinds(["34", "34.5", "34 years", "80+", "75-79", "85-90", "75+", "25-34", "0-11", ""], "age") == {
        telling_cells.AGE: ["34", "34.5", "34 years"],
        telling_cells.ABOVE: ["80+", "75-79", "85-90"],
    }


def test_what_is_not_stored_is_looked_at_for_what_identifies_by_itself_alone():
    assert kinds(["2026-01-05", "2025-11-30", "2024-01-01"], "other") == {}  # when somebody pressed a button
    assert kinds(["34", "=1+1", "<b>", "https://x.org"], "other") == {}
    assert list(kinds(["1985-03-12", "1961-07-01", "2001-05-05"], "other")) == [telling_cells.BIRTH]
    assert list(kinds(["x", "anna@example.org"], "other")) == [telling_cells.MAIL]
    assert list(kinds(["x", "she said she was tired"], "other")) == [telling_cells.TEXT]


def frame(cells: list[str], dtype: str) -> pd.DataFrame:
    return pd.DataFrame({"team": pd.Series(cells, dtype="str").astype(dtype)}).set_axis(pd.RangeIndex(2, len(cells) + 2))


@pytest.mark.parametrize("dtype", ["str", "category", "string[pyarrow]", "object"])
def test_first_line_and_count_are_of_cells_whatever_the_column_is_kept_as(dtype):
    cells = ["north", "", "a@b.org", "north", "a@b.org", "c@d.org"]

    with pytest.raises(FileRefused) as refused:
        identifying.refuse("courses.csv", frame(cells, dtype), {"team": Asked("label")})

    assert "column `team`, line 4: e-mail addresses (3 times)" in str(refused.value)
    assert "@b" not in str(refused.value)


def test_a_table_of_arrow_is_looked_at_in_the_same_way():
    column = pa.chunked_array([pa.array(["north", None]).dictionary_encode(), pa.array(["a@b.org"]).dictionary_encode()])

    with pytest.raises(FileRefused, match="column `team`, line 4: e-mail addresses"):
        identifying.refuse("courses.csv", pa.table({"team": column}), {"team": Asked("label")})


def test_an_export_is_looked_at_by_what_its_mapping_makes_of_each_column():
    mapping = find("session_survey")

    roles = {name: asked.role for name, asked in identifying.roles_of_mapping(mapping, mapping.columns).items()}

    assert roles["therapist_tag"] == roles["client_number"] == "id" and roles["agency_name"] == "label" and roles["call_group_code"] == "other"
    assert "session_date" not in roles  # becomes a week and days


def test_words_that_a_mapping_knows_are_nobodys():
    identifying.refuse("x.csv", frame(["Anna Schmidt", "b"], "str"), {"team": Asked("id", frozenset({"Anna Schmidt"}))})


def test_a_columns_name_that_is_a_persons_is_not_repeated():
    assert faults.shown("team") == "`team`" and faults.shown("Session Date") == "`Session Date`"
    assert "Anna" not in faults.shown("Anna Schmidt") and "Quux" not in faults.shown("Dr Quux")


CELLS = st.lists(st.text(st.characters(codec="utf-8"), max_size=60) | st.from_regex(r"[0-9 ./+-]{4,16}", fullmatch=True), max_size=12)


@given(CELLS, st.sampled_from(sorted(telling_cells.LOOKS)))
def test_whatever_stands_in_a_column_it_passes_or_is_refused_without_being_repeated(cells, role):
    try:
        identifying.refuse("courses.csv", frame(cells, "str"), {"team": Asked(role)})
    except FileRefused as refused:
        assert not any(cell in str(refused) for cell in cells if len(cell) > 12)


def test_every_kind_is_documented():
    kinds_of_cells = {kind for looks in telling_cells.LOOKS.values() for kind, _ in looks} | {number.kind for number in national_numbers.NUMBERS}
    for kind in sorted(kinds_of_cells | {telling_names.AGE} | set(telling_names._PHRASES)):
        assert f"| {kind} |" in DOCS, kind
