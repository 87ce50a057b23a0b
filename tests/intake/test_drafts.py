"""`mapping new`, `mapping check`, small edits, a load: tried from end to end for each kind of source, as a person in a clinic would."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from tests.intake import sources

from process import cli, demo, intake
from process.errors import FileMissing, FileRefused, SettingWrong
from process.intake.mappings.check import check
from process.intake.mappings.draft import draft
from process.intake.mappings.header import header_of

WORDS = {"attended": "came", "cancelled": "called off", "missed": "did not come"}
CHOICES = {
    "attendance": ("attended", "cancelled", "missed"),
    "rupture_reviewed": ("no", "patient", "therapist", "both", "observer"),
    "match_decision": ("continue", "change_therapist", "refer"),
    "age_band": ("0-11", "12-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+"),
}
CODED = {name: {value: str(place) for place, value in enumerate(values, name != "rupture_reviewed")} for name, values in CHOICES.items()}
CODED["ending"] = {"still_going": "0", "planned": "1", "patient_stopped": "2", "therapist_ended": "3", "moved_on": "4", "unknown": "9"}


@pytest.fixture(scope="module")
def texts():
    return sources.texts(demo.simulate(demo.Settings(courses=20, therapists=4)))


@pytest.fixture(scope="module")
def exports(texts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    return {
        "wide": sources.write_csv(folder / "sessions.csv", sources.wide(texts)),
        "workbook": sources.sheet(sources.wide(texts), folder / "sessions.xlsx", "all sessions"),
        "redcap": sources.write_csv(folder / "project.csv", sources.redcap(texts)),
        "fhir": sources.write_ndjson(sources.fhir(texts), folder / "fhir"),
    }


def run(*words: object) -> int:
    """The command's exit code."""
    before = sys.argv
    sys.argv = ["therapy-process", *map(str, words)]
    try:
        cli.main()
    except SystemExit as end:
        return end.code or 0
    finally:
        sys.argv = before
    return 0


def edited(text: str) -> str:
    """What a person changes in every draft: the clinic's name, the form of a questionnaire, the words of the export."""
    text = text.replace("decide: the name that pages show", "Clinic B").replace("decide: the system that the export comes from", "export 7")
    text = text.replace('"decide: 5_point or 7_point"', '"7_point"').replace('"decide: map it, or say why it is not used"', '"not needed"')
    return re.sub(r'"decide: the word for ([^"]*)"', lambda found: f'"{WORDS.get(found[1], found[1])}"', text)


def coded(text: str) -> str:
    """The same for REDCap's raw choices."""
    lines = []
    for line in edited(text).splitlines():
        own = CODED.get(line.partition(" ")[0], {})
        lines.append(re.sub(r'"([^"]*)" = "([^"]*)"', lambda found, own=own: f'"{own.get(found[2], found[1])}" = "{found[2]}"', line))
    return "\n".join(lines)


def for_fhir(text: str) -> str:
    """The same for FHIR: which item holds the total, and an instrument that its address does not name."""
    text = edited(text).replace("decide: the linkId of the total score", "total")
    text = re.sub(r"decide: the instrument's id in the registry", "wai_srt", text).replace("decide: the form", "7_point_12")
    text = text.replace("decide: who rates: patient, therapist or observer", "therapist")
    text = text.replace("decide: who sets goals: patient, therapist or both", "both")
    return re.sub(r'"decide: map it as[^"]*"', '"looked at next month"', text)


KINDS = {"wide": edited, "workbook": edited, "redcap": coded, "fhir": for_fhir}


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_is_checked_edited_a_little_and_loads(kind, exports, texts, tmp_path, capsys):
    export, file = exports[kind], tmp_path / "ours.toml"

    assert run("mapping", "new", export, "--out", file) == 0
    assert run("mapping", "check", file, export) == SettingWrong.exit_code
    told = capsys.readouterr()
    assert "to decide, [manifest] clinic: the name that pages show" in told.out and "to be settled before" in told.err
    file.write_text(KINDS[kind](file.read_text("utf-8")), encoding="utf-8")
    assert run("mapping", "check", file, export) == 0, capsys.readouterr()
    assert "This mapping loads this export" in capsys.readouterr().out
    taken = intake.read([export], file)

    assert len(taken.records["courses"]) == len(texts["courses"]) and len(taken.records["sessions"]) == len(texts["sessions"])
    drafted = {"fhir": {"manifest", "courses", "sessions", "scores", "goals", "goal_ratings"}}.get(kind, set(texts))
    assert set(taken.records) == drafted
    alone = [row for row in texts["goal_ratings"] if kind != "fhir" or row["rater"] != "both"]  # LOINC has a score of the patient's and one of the therapist's
    for name in drafted - {"manifest", "scores"}:
        assert len(taken.records[name]) == len(alone if name == "goal_ratings" else texts[name]), name
    if kind == "fhir":
        fates = taken.records["goals"].set_index("goal_id")["fate"].astype("str").to_dict()
        assert fates == {row["goal_id"]: row["fate"] for row in texts["goals"]}
    named = len(texts["scores"]) if kind == "fhir" else sum(row["instrument"] != "wai_srt" for row in texts["scores"])
    assert len(taken.records["scores"]) == named


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_holds_no_value_of_the_export(kind, exports, texts):
    text = draft(header_of([exports[kind]]))

    for table, names in {"courses": ("course_id", "patient_id", "therapist_id", "start_week"), "goals": ("goal_id",), "ruptures": ("rupture_id",)}.items():
        for row in texts[table]:
            assert not [name for name in names if row[name] and row[name] in text]
    for day in sources.dated(texts).values():
        assert day not in text


def test_a_draft_loads_nothing_until_all_is_decided(exports, tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text(draft(header_of([exports["wide"]])), encoding="utf-8")

    with pytest.raises(SettingWrong, match=r"leaves \d+ things to decide, the first at \[manifest\] clinic"):
        intake.read([exports["wide"]], file)


def test_a_draft_never_writes_over_a_file_and_names_one_that_ends_in_toml(exports, tmp_path):
    (tmp_path / "ours.toml").write_text("mine")

    assert run("mapping", "new", exports["wide"], "--out", tmp_path / "ours.toml") == SettingWrong.exit_code
    assert run("mapping", "new", exports["wide"], "--out", tmp_path / "ours.txt") == SettingWrong.exit_code
    assert (tmp_path / "ours.toml").read_text() == "mine" and not (tmp_path / "ours.txt").exists()


@pytest.mark.parametrize("first", ["P0001,T03,2026-01-05,attended\n", "P0001,T03,seen,came\n"])
def test_a_file_without_a_header_is_not_drafted_because_its_first_line_is_a_record(first, tmp_path):
    (tmp_path / "export.csv").write_text(first * 3)

    with pytest.raises(FileRefused, match="does not look like a header") as refused:
        header_of([tmp_path / "export.csv"])
    assert "P0001" not in str(refused.value) and "T03" not in str(refused.value)


def test_what_a_mapping_lacks_is_said_in_words_and_counts(tmp_path):
    (tmp_path / "export.csv").write_text("case,client,doctor,nr,came,phone,extra\nc1,p1,d1,1,yes,x,1\nc1,p1,d1,2,perhaps,x,2\nc1,p1,d1,3,perhaps,x,2\n")
    text = """
[manifest]
clinic = "B"
source = "x"
origin = "real"
as_of = "2026-03-31"
[courses]
course_id = { from = "case" }
patient_id = { from = "client" }
therapist_id = { from = "doctor" }
ending = { always = "unknown" }
[sessions]
session_number = { from = "nr" }
attendance = { from = "came", words = { yes = "attended" } }
[[scores]]
column = "mood"
instrument = "srx"
form = "standard"
rater = "patient"
[ignored]
phone = "not needed"
"""
    (tmp_path / "ours.toml").write_text(text)
    found = check(tmp_path / "ours.toml", [tmp_path / "export.csv"])

    said = "\n".join(found.problems)
    assert "[[scores]]: Instrument `srx` is not in the registry" in said
    assert "column `extra` of the export is neither mapped nor ignored" in said and "column `mood` is not in the export" in said
    assert "column `phone`: its name says that it holds a telephone" in said
    (tmp_path / "ours.toml").write_text(text.replace('column = "mood"\ninstrument = "srx"', 'column = "extra"\ninstrument = "srs"'))
    found = check(tmp_path / "ours.toml", [tmp_path / "export.csv"])
    said = "\n".join(found.problems)
    assert "[sessions] attendance, column `came`: 1 words in 2 rows are not among its `words`" in said and "perhaps" not in said
    (tmp_path / "ours.toml").write_text(text.replace('therapist_id = { from = "doctor" }', ""))
    assert "nothing fills [courses] therapist_id" in check(tmp_path / "ours.toml").problems[0]


def test_every_shipped_mapping_is_whole_and_shown(capsys):
    for name in intake.shipped_names():
        assert check(name).problems == ()
        assert run("mapping", "show", name) == 0
        assert "[manifest]" in capsys.readouterr().out
    assert len(intake.shipped_names()) >= 4
    with pytest.raises(FileMissing):
        header_of([Path("nowhere.csv")])


def test_a_workbook_of_the_contract_needs_no_mapping(tmp_path):
    book = sources.workbook(demo.simulate(demo.Settings(courses=10, therapists=2)), tmp_path / "clinic.xlsx")

    with pytest.raises(FileRefused, match="needs no mapping"):
        header_of([book])
