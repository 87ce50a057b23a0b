"""FHIR resources: only what the mapping names is taken, what is broken or about people is refused with file, line and kind, and every line is accounted for."""

from __future__ import annotations

import copy
import json
import tracemalloc
from pathlib import Path

import pytest
from tests.intake import sources

from process import demo, intake
from process.errors import FileMissing, FileRefused, SettingWrong
from process.intake.mappings import finding as mapping
from process.intake.sources import fhir, fhir_path, related

CANARY = "Zebulon-8341"


@pytest.fixture(scope="module")
def resources():
    return sources.fhir(sources.texts(demo.simulate(demo.Settings(courses=12, therapists=2))))


@pytest.fixture
def load(resources, tmp_path):
    """Load the clinic with some resource types' lines replaced, by a shipped mapping or an own one."""

    def read(own: str = "", **spoilt: list | bytes):
        folder = sources.write_ndjson({kind: entries for kind, entries in resources.items() if kind not in spoilt}, tmp_path / "export")
        for kind, entries in spoilt.items():
            text = entries if isinstance(entries, bytes) else "".join(json.dumps(entry) + "\n" for entry in entries).encode()
            (folder / f"{kind}.ndjson").write_bytes(text)
        (tmp_path / "ours.toml").write_text(own)
        return intake.read([folder], tmp_path / "ours.toml" if own else "fhir_r4")

    return read


def with_first(entries: list[dict], **elements) -> list[dict]:
    """The same resources, the first one changed; an element that is None is taken away."""
    first = {name: value for name, value in (entries[0] | elements).items() if value is not None}
    return [first, *entries[1:]]


BROKEN = [
    # the lines of Encounter.ndjson, what the refusal says
    (b'{"resourceType": "Encounter"}\n{"resourceType": "Enc', "line 2: not one whole JSON object a line"),
    (b'{"resourceType": "Encounter"}\n\n', "line 2: not one whole JSON object a line"),
    (b'{"resourceType": "Encounter"}\n["Zebulon-8341"]\n', "line 2: not a JSON object"),
    (b'{"resourceType": "Encounter"}\n{"resourceType": "Goal"}\n', "line 2: another resourceType than in the file's first line"),
    (b'{"resourceType": "Encounter", "id": "Zebulon-8341\xff"}\n', "line 1: not UTF-8"),
    (b'{"resourceType": "Encounter", "length": NaN}\n', "line 1: not one whole JSON object"),
    (b'{"id": "Zebulon-8341"}\n', "line 1: no resourceType"),
    (b'{"resourceType": "Zebulon-8341"}\n', "line 1: no resourceType"),
    (b"", "the file is empty"),
    (b"[" * 200_000, "line 1: not one whole JSON object"),
    (b'{"resourceType": "Encounter"}\n' + b" " * 1_000_001 + b"\n", "line 2: the line is longer than 1,000,000 bytes"),
    (b'{"resourceType": "MedicationRequest"}\n', "holds resources of type MedicationRequest, which mapping `fhir_r4` neither reads nor ignores"),
    (b'{"resourceType": "Patient", "name": [{"family": "Zebulon-8341"}]}\n', "which are about people"),
    (b'{"resourceType": "Practitioner"}\n', "leave the type out of the export"),
    (b'{"resourceType": "Encounter", "episodeOfCare": [{"reference": "#Zebulon-8341"}]}\n', "column `course`, line 1: not a reference to a resource"),
    (b'{"resourceType": "Encounter", "episodeOfCare": [{"reference": "EpisodeOfCare/Zebulon-8341"}]}\n', "line 1: refers to EpisodeOfCare that no file holds"),
]


@pytest.mark.parametrize(("lines", "said"), BROKEN)
def test_a_broken_or_foreign_line_refuses_the_load_with_file_line_and_kind(load, lines, said):
    with pytest.raises(FileRefused) as refused:
        load(Encounter=lines)

    assert said in str(refused.value) and "Encounter.ndjson" in str(refused.value) and CANARY not in str(refused.value)


def test_a_dangling_reference_loses_its_row_alone_where_the_mapping_says_so(load, resources):
    lost = with_first(resources["QuestionnaireResponse"], encounter={"reference": "Encounter/nowhere"})
    own = mapping.place("fhir_r4").read_text().replace('kind = "fhir"', 'kind = "fhir"\nreferences = "refuse row"')

    with pytest.raises(FileRefused, match="QuestionnaireResponse.ndjson is refused:\n  line 1: refers to Encounter that no file holds"):
        load(QuestionnaireResponse=lost)
    taken = load(own, QuestionnaireResponse=lost)

    assert taken.report.table("scores").refused == {"its session is not there": 1}
    assert taken.report.table("scores").kept == len(lost) - 1 == len(taken.records["scores"])


ROWS = [
    # the type, what its first resource says instead, the table, the reason its row is refused for
    ("Encounter", {"status": "triaged"}, "sessions", "attendance: not one of the words that the mapping knows"),
    ("Encounter", {"identifier": None}, "sessions", "session_number: empty where a value is needed"),
    ("Encounter", {"period": {"start": "2026-13-01"}}, "sessions", "week: not a date of the mapping's format"),
    ("QuestionnaireResponse", {"item": [{"linkId": "total", "answer": [{"valueDecimal": 900}]}]}, "scores", "value: outside its range, 12 to 84"),
    ("QuestionnaireResponse", {"item": [{"linkId": "total", "answer": [{"valueString": "Zebulon"}]}]}, "", related.NOT_TAKEN),
    ("QuestionnaireResponse", {"questionnaire": "http://example.org/other"}, "", related.NOT_TAKEN),
    ("QuestionnaireResponse", {"status": "entered-in-error"}, "", "entered in error"),
    ("Goal", {"startDate": "1999-01-01"}, "goals", "agreed_session: no session of the course was held on or before its date"),
    ("Goal", {"target": None}, "goals", "scale: empty where a value is needed"),
    ("Observation", {"valueInteger": 11}, "goal_ratings", "level: outside its range, -2 to 10"),
    ("Observation", {"focus": [{"reference": "Goal/a"}, {"reference": "Goal/b"}]}, "", f"focus: {fhir.SEVERAL}"),
]


@pytest.mark.parametrize(("kind", "instead", "table", "reason"), ROWS)
def test_a_resource_that_cannot_be_is_refused_alone_or_left_out_and_every_line_is_accounted_for(load, resources, kind, instead, table, reason):
    taken = load(**{kind: with_first(resources[kind], **instead)})

    account = taken.report.table(table).refused if table else next(entry for entry in taken.report.files if entry.what == kind).refused
    assert account[reason] == 1
    for entry in taken.report.files:
        assert entry.rows_in == len(resources[entry.what]) == entry.kept + sum(entry.refused.values())
    for entry in taken.report.tables:
        assert entry.kept == len(taken.records[entry.table])


def test_nothing_that_is_not_mapped_is_in_what_comes_out(load, resources):
    told = json.dumps([resources[kind][0] for kind in resources])
    assert "Anna Example" in told and "free text" in told and "cried" in told, "the export itself holds names and notes"

    taken = load()

    out = "".join(frame.to_csv() for frame in taken.records.values()) + json.dumps(taken.report.as_dict())
    for secret in ("Anna", "free text", "cried", "through the night", "Tuesday", "Patient/", "generated"):
        assert secret not in out
    days = {entry["period"]["start"][:10] for entry in resources["Encounter"]}
    weeks = set(taken.records["sessions"]["week"].dt.strftime("%Y-%m-%d"))
    assert {day for day in days if day in out} <= weeks, "calendar dates are gone, weeks are left"


def test_a_type_that_the_mapping_ignores_is_skipped_and_its_lines_counted(load):
    organisation = b'{"resourceType": "Organization", "name": "Zebulon-8341"}\nnot even JSON\n'

    taken = load(Organization=organisation)

    entry = next(entry for entry in taken.report.files if entry.what == "Organization")
    assert (entry.rows_in, entry.kept) == (2, 0) and CANARY not in json.dumps(taken.report.as_dict())


def test_the_types_may_be_spread_over_several_files(load, resources, tmp_path):
    whole = load()
    folder = sources.write_ndjson({kind: entries[::2] for kind, entries in resources.items()}, tmp_path / "parts")
    for kind, entries in resources.items():
        (folder / f"{kind}.2.ndjson").write_text("".join(json.dumps(entry) + "\n" for entry in entries[1::2]))

    parts = intake.read([folder], "fhir_r4")

    assert {name: len(frame) for name, frame in parts.records.items()} == {name: len(frame) for name, frame in whole.records.items()}
    assert len(parts.report.files) == 2 * len(resources)


def test_a_level_of_goal_attainment_may_stand_in_the_goals_target(load, resources):
    goals = [goal | {"target": [goal["target"][0] | {"detailInteger": 1}]} for goal in resources["Goal"]]
    own = mapping.place("fhir_r4").read_text()
    start = own.index("[[goal_ratings]]")
    rest = own[start:].index("[[goal_reviews]]")
    rated = """[[goal_ratings]]
resource = "Goal"
where = { lifecycle = ["completed", "cancelled"] }
filled = "reached"
course = "course"
goal_id = { from = "id" }
session_number = { from = "since", as = "session", format = "iso" }
rater = { always = "therapist" }
level = { from = "reached" }

"""
    own = own[:start] + rated + own[start + rest :]

    taken = load(own.replace('agreed = "startDate"', 'agreed = "startDate"\nreached = "target.detailInteger"'), Goal=goals)

    closed = taken.records["goals"].dropna(subset=["closed_session"]).set_index("goal_id")["closed_session"].astype(int).to_dict()
    assert closed and taken.records["goal_ratings"].set_index("goal_id")["session_number"].astype(int).to_dict() == closed
    assert set(taken.records["goal_ratings"]["level"]) == {1}


def test_a_folder_without_resources_and_a_resource_that_is_about_people_are_told_apart(tmp_path):
    with pytest.raises(FileMissing, match="holds no NDJSON file"):
        intake.read([tmp_path], "fhir_r4")
    with pytest.raises(SettingWrong, match="resource Patient is about a person and is never read"):
        fhir_path.parsed("Patient", "id", "here")
    for path in ("subject.display", "note.text", "contained.id", "description.text", "item.answer.valueString"):
        with pytest.raises(SettingWrong, match="may hold a name or free text and is never read"):
            fhir_path.parsed("Encounter", path, "here")
    for path in ("", "a..b", "a.", "a.where(b=c)", "a.where(b='c'", "a[0]", "a.first()"):
        with pytest.raises(SettingWrong, match="path"):
            fhir_path.parsed("Encounter", path, "here")


PATHS = [
    # path, what it gives of the resource below
    ("status", ["done"]),
    ("period.start", ["2026-01-05"]),
    ("type.coding.code", ["a", "b", "c"]),
    ("type.coding.where(system='two').code", ["b", "c"]),
    ("item.where(linkId='total').answer.value", ["12.50"]),
    ("component.where(code.coding.code='by').valueCode", ["patient"]),
    ("flag.value", [True]),
    ("nowhere.at.all", []),
]


@pytest.mark.parametrize(("path", "found"), PATHS)
def test_a_path_leads_to_what_fhirpath_would_give(path, found):
    resource = json.loads(
        """{"status": "done", "period": {"start": "2026-01-05"}, "type": [{"coding": [{"system": "one", "code": "a"}, {"system": "two", "code": "b"}]},
        {"coding": [{"system": "two", "code": "c"}]}], "item": [{"linkId": "1"}, {"linkId": "total", "answer": [{"valueDecimal": 12.50}]}],
        "component": [{"code": {"coding": [{"code": "by"}]}, "valueCode": "patient"}], "flag": {"valueBoolean": true}}""",
        parse_float=str,
    )

    assert fhir_path.values(resource, fhir_path.parsed("Encounter", path, "here")) == found


def test_sessions_without_a_number_are_numbered_by_date(load, resources):
    by_date = 'session_number = { from = "start", as = "order", format = "iso" }'
    own = mapping.place("fhir_r4").read_text().replace('session_number = { from = "number" }', by_date)

    taken = load(own)

    sessions = taken.records["sessions"]
    for _, course in sessions.groupby("course_id"):
        assert sorted(course["session_number"]) == list(range(1, len(course) + 1))
        assert course.sort_values("session_number")["week"].is_monotonic_increasing
    assert len(sessions) == len(resources["Encounter"])


def test_memory_grows_with_what_is_mapped_and_not_with_what_else_the_lines_hold(resources, tmp_path):
    padded = [entry | {"note": [{"text": "x" * 100_000}]} for entry in resources["Encounter"]]
    folder = sources.write_ndjson(resources | {"Encounter": padded}, tmp_path)
    whole = (folder / "Encounter.ndjson").stat().st_size
    del padded

    tracemalloc.start()
    intake.read([folder], "fhir_r4")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert whole > 10_000_000 and peak < whole / 2


def test_a_reference_may_be_relative_absolute_versioned_or_a_uuid():
    for text, kind, name in (
        ("Patient/a-1", "Patient", "a-1"),
        ("https://fhir.example.org/r4/Patient/a-1", "Patient", "a-1"),
        ("Patient/a-1/_history/3", "Patient", "a-1"),
        ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", None, "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"),
    ):
        found = fhir._REFERENCE.fullmatch(text)
        assert (found[1], found[2] or found[3]) == (kind, name)
    assert not fhir._REFERENCE.fullmatch("#p1") and not fhir._REFERENCE.fullmatch(str(Path("a") / "b" / "c" / "d"))


def test_a_level_may_be_one_of_loincs_answers(load, resources):
    answers = {"-2": "LA34484-8", "-1": "LA34483-0", "0": "LA34481-4", "1": "LA34480-6", "2": "LA34479-8"}
    coded = copy.deepcopy(resources["Observation"])
    scaled = {f"Goal/{goal['id']}" for goal in resources["Goal"] if goal["target"][0]["measure"]["coding"][0]["code"] == "gas"}
    for entry in coded:
        if entry["code"]["coding"][0]["code"] in ("107334-5", "107333-7") and entry["focus"][0]["reference"] in scaled:
            answer = answers[str(entry.pop("valueInteger"))]
            entry["valueCodeableConcept"] = {"coding": [{"system": "http://loinc.org", "code": answer}]}

    taken = [load(Observation=entries).records["goal_ratings"] for entries in (resources["Observation"], coded)]
    plain, worded = (frame.sort_values(["goal_id", "session_number", "rater"], ignore_index=True) for frame in taken)

    assert len(plain) > 20 and worded.astype("str").equals(plain.astype("str"))
