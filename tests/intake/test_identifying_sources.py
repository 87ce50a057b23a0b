"""Each kind of source is looked at for who people are: the same e-mail address, hidden in each, is refused with its file, column and line."""

from __future__ import annotations

import pytest
from tests.intake import sources

from process import demo, intake
from process.errors import FileRefused

CANARY = "quxzap@example.org"
NOTE = "she said that she was late again"


@pytest.fixture(scope="module")
def records():
    return demo.simulate(demo.Settings(courses=60, therapists=4))


@pytest.fixture(scope="module")
def texts(records):
    return sources.texts(records)


def refused(files, mapping=None) -> str:
    with pytest.raises(FileRefused) as found:
        intake.read(files, mapping)
    assert "quxzap" not in str(found.value) and "late again" not in str(found.value)
    return str(found.value)


def test_in_a_sheet_of_a_workbook(records, tmp_path):
    courses = records["courses"]
    spoilt = records | {"courses": courses.assign(therapist_id=courses["therapist_id"].where(courses.index != 1, CANARY))}

    said = refused([sources.workbook(spoilt, tmp_path / "clinic.xlsx")])

    assert "clinic.xlsx is refused" in said and "column `therapist_id`, line 3: e-mail addresses" in said


def test_in_a_wide_export_also_where_the_mapping_takes_nothing(texts, tmp_path):
    rows = sources.wide(texts)
    rows[4]["therapist"], rows[7]["room"] = CANARY, NOTE

    said = refused([sources.write_csv(tmp_path / "sessions.csv", rows)], "wide_sessions")

    assert "column `therapist`, line 6: e-mail addresses" in said and "column `room`, line 9: free text" in said


def test_in_a_redcap_project_also_in_repeated_forms(texts, tmp_path):
    rows = sources.redcap(texts)
    baseline = next(n for n, row in enumerate(rows) if row.get("patient_code"))
    goal = next(n for n, row in enumerate(rows) if row.get("goal_area"))
    rows[baseline]["patient_code"], rows[goal]["goal_area"] = CANARY, "I want my " + CANARY + " back"

    said = refused([sources.write_csv(tmp_path / "project.csv", rows)], "redcap_therapy")

    assert f"column `patient_code`, line {baseline + 2}: e-mail addresses" in said and f"column `goal_area`, line {goal + 2}: e-mail addresses" in said


def test_in_a_fhir_resource(texts, tmp_path):
    resources = sources.fhir(texts)
    for kind in resources["EpisodeOfCare"][2]["type"]:
        for coding in kind["coding"]:
            coding["code"] = CANARY

    said = refused([sources.write_ndjson(resources, tmp_path / "bulk")], "fhir_r4")

    assert "EpisodeOfCare" in said and "line 3: e-mail addresses" in said
