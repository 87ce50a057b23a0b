"""A clinic exports every week: the first weeks of an export with dates, loaded whole, and the later ones added, are the whole export, table by table."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
from tests.intake import sources
from tests.loading.test_commands import delivery

from process import demo, store
from process.errors import FileRefused, SettingWrong, StoreProblem
from process.intake.codes.folder import held, seen
from process.intake.codes.remembered import Starts
from process.intake.codes.table import Codes
from process.loading.load import Wishes, load

MAPPINGS = {"wide": "wide_sessions", "redcap": "redcap_therapy", "fhir": "fhir_r4"}
NUMBERS = ("ses_number", "rev_session", "rate_session", "rup_session", "step_session")


@pytest.fixture(scope="module")
def tables() -> sources.Tables:
    return sources.texts(demo.simulate(demo.Settings(courses=20, therapists=2, seed=3)))


@pytest.fixture(scope="module")
def cut(tables) -> dict[str, int]:
    """For every course the last session of the first part, -1 = none: never within the life of a goal, because what becomes of it would be a correction."""
    lives, numbers = defaultdict(list), defaultdict(list)
    for goal in tables["goals"]:
        lives[goal["course_id"]].append((int(goal["agreed_session"]), int(goal["closed_session"] or 0)))
    for session in tables["sessions"]:
        numbers[session["course_id"]].append(int(session["session_number"]))
    found = {}
    for place, (course, own) in enumerate(numbers.items()):
        wanted = (-1, 0, len(own) // 3, len(own) // 2)[place % 4]
        allowed = [s for s in (-1, *sorted(own)) if not any(agreed <= s < closed for agreed, closed in lives[course])]
        found[course] = min(allowed, key=lambda s: abs(s - wanted))
    latest = max(sources.dated(tables), key=lambda key: sources.dated(tables)[key])[0]
    return found | {latest: -1}


@pytest.fixture(scope="module")
def parts(tables, cut, tmp_path_factory) -> dict[str, tuple[Path, Path, Path]]:
    """For each source the first part, the later one, and the whole."""
    folder = tmp_path_factory.mktemp("parts")
    wide, redcap, fhir = sources.wide(tables), sources.redcap(tables), sources.fhir(tables)
    early = {
        "wide": [row for row in wide if int(row["session_no"]) <= cut[row["case_id"]]],
        "redcap": [row for row in redcap if _redcap_number(row) <= cut[row["record_id"]]],
        "fhir": {kind: [entry for entry in entries if _fhir_early(kind, entry, tables, cut)] for kind, entries in fhir.items()},
    }
    found = {}
    for name, whole in (("wide", wide), ("redcap", redcap)):
        late = [row for row in whole if row not in early[name]]
        columns = list(whole[0])
        found[name] = tuple(sources.write_csv(folder / f"{name}{n}.csv", rows, columns) for n, rows in enumerate((early[name], late, whole)))
    late = {kind: [entry for entry in entries if entry not in early["fhir"][kind]] for kind, entries in fhir.items()}
    found["fhir"] = tuple(
        sources.write_ndjson({k: v for k, v in kinds.items() if v}, folder / f"fhir{n}") for n, kinds in enumerate((early["fhir"], late, fhir))
    )
    return found


def _redcap_number(row: sources.Row) -> int:
    """The session that a row is about; what is said of a course or a goal comes with the course."""
    return next((int(row[name]) for name in NUMBERS if row[name]), 0)


def _fhir_early(kind: str, entry: dict, tables: sources.Tables, cut: dict[str, int]) -> bool:
    if kind == "EpisodeOfCare":
        return cut[entry["id"]] >= 0
    if kind == "Goal":
        goal = next(row for row in tables["goals"] if row["goal_id"] == entry["id"])
        return int(goal["agreed_session"]) <= cut[goal["course_id"]]
    name = entry["id"] if kind == "Encounter" else entry["encounter"]["reference"].removeprefix("Encounter/")
    course, number = re.fullmatch(r"enc-(.*)-(\d+)", name).groups()
    return int(number) <= cut[course]


@pytest.fixture(scope="module")
def begun(parts, tmp_path_factory) -> Path:
    """A store that holds the first part of the wide export; to be copied."""
    folder = tmp_path_factory.mktemp("begun")
    load(folder / "store", [parts["wide"][0]], Wishes(mapping="wide_sessions", unencrypted=True))
    return folder


@pytest.fixture
def folder(begun, tmp_path) -> Path:
    for name in ("store", "store-codes"):
        shutil.copytree(begun / name, tmp_path / name)
    return tmp_path / "store"


@pytest.mark.parametrize("source", ["wide", pytest.param("redcap", marks=pytest.mark.soak), "fhir"])
def test_the_first_part_and_the_later_weeks_are_the_whole_export(source, parts, tables, tmp_path):
    early, late, whole = parts[source]
    folder, how = tmp_path / "store", {"mapping": MAPPINGS[source], "unencrypted": True}
    load(folder, [early], Wishes(**how))
    begun = store.current(folder).manifest["counts"]
    assert seen(folder).codes.starts.waiting, "no course had so far nothing to count from"

    added = load(folder, [late], Wishes(mode="add", **how))

    assert 0 < begun["sessions"] < len(tables["sessions"]) and added.report.refused == 0
    assert_holds(folder, tables)
    starts = seen(folder).codes.starts
    assert starts.firsts and not set(starts.waiting) & {course for course, (_, day) in starts.firsts.items() if day}, "dates are kept no longer than needed"
    assert load(folder, [whole], Wishes(**how)).generation is None, "a load of everything has nothing to change"
    assert load(folder, [late], Wishes(mode="add", **how)).generation is None, "the same week twice changes nothing"


def assert_holds(folder: Path, tables: sources.Tables) -> None:
    """Whether the store holds these sessions, days and starts, under display codes."""
    own = {display: name for name, display in seen(folder).codes.displays["course"].items()}
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        sessions, courses = engine.query("select * from sessions"), engine.query("select * from courses")
        assert {name: engine.query(f"select count(*) as n from {name}")["n"].iloc[0] for name in tables} == {name: len(rows) for name, rows in tables.items()}
    for frame, name, columns in ((sessions, "sessions", ("course_id", "session_number", "week", "day")), (courses, "courses", ("course_id", "start_week"))):
        frame["course_id"] = frame["course_id"].map(own)
        held_there = {tuple(sources._text(value) for value in row) for row in frame[list(columns)].itertuples(index=False)}
        assert held_there == {tuple(row[column] for column in columns) for row in tables[name]}, name


def test_a_week_cannot_be_added_where_nothing_is_remembered_and_the_way_out_is_said(parts, folder):
    early, late, _ = parts["wide"]
    how = {"mapping": "wide_sessions", "unencrypted": True}
    with held(folder) as table:
        table.codes.starts.since = ""
        table.save()
    with pytest.raises(SettingWrong, match="remembers none that this mapping counts from. Load the whole export through this mapping once"):
        load(folder, [late], Wishes(mode="add", **how))
    load(folder, [early], Wishes(**how))  # nothing new for the store, but for the table
    with held(folder) as table:
        table.codes.starts.firsts.popitem()
        table.save()

    with pytest.raises(FileRefused, match="1 course of the store whose first appointment is not remembered"):
        load(folder, [parts["wide"][2]], Wishes(mode="add", **how))


def test_a_week_that_moves_a_first_appointment_is_refused(parts, folder, tmp_path):
    how = {"mapping": "wide_sessions", "unencrypted": True}
    rows = pd.read_csv(parts["wide"][0], dtype="str", keep_default_na=False)
    first = rows[(rows["session_no"] == "1") & (rows["status"] == "came")].head(1)
    other = first.assign(session_date=(pd.to_datetime(first["session_date"]) + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d"))
    for moved in (other, first.assign(status="did not come")):
        pd.concat([rows, moved]).drop_duplicates(["case_id", "session_no"], keep="last").to_csv(tmp_path / "moved.csv", index=False)

        with pytest.raises(FileRefused, match="1 course whose first appointment is another than in earlier loads") as refused:
            load(folder, [tmp_path / "moved.csv"], Wishes(mode="correct", **how))
        assert first["case_id"].iloc[0] not in str(refused.value)


def test_no_date_of_an_appointment_lies_in_the_store_and_what_is_remembered_of_a_forgotten_patient_goes(folder):
    codes = seen(folder).codes
    codes.begun.keep("an earlier load", codes.starts.and_of(Starts()), "", 3)
    course, (patient, _) = next((course, pair) for course, pair in codes.carried.items() if course in codes.starts.firsts)

    codes.forget("patient", patient)

    assert not any(starts.knows(course) for starts in codes.begun.sets.values()) and codes.starts.firsts and len(codes.begun.sets) == 2
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        weeks = engine.query("select distinct week from sessions where week is not null")["week"]
    assert {day.weekday() for day in weeks} == {0}


def test_a_ward_that_is_called_after_somebody_is_no_stray_in_a_week_once_the_store_has_it(tmp_path):
    manifest, header = "as_of,clinic,source,origin\n2026-03-31,A,e,simulated\n", "course_id,patient_id,therapist_id,team,ending\n"
    courses = header + "".join(f"c{n},p{n},t1,{'Anna Freud' if n < 6 else 'North'},unknown\n" for n in range(20))
    sessions = "course_id,session_number,attendance\n" + "".join(f"c{n},1,attended\n" for n in range(20))
    everything = delivery(tmp_path / "all", manifest=manifest, courses=courses, sessions=sessions)
    week = delivery(tmp_path / "week", manifest=manifest, courses=f"{header}c20,p20,t1,Anna Freud,unknown\n")
    other = delivery(tmp_path / "other", manifest=manifest, courses=f"{header}c21,p21,t1,Anna Schmidt,unknown\n")
    load(tmp_path / "store", [everything])

    assert load(tmp_path / "store", [week], Wishes(mode="add")).changes.table("courses").added == 1
    with pytest.raises(FileRefused, match="names of people"):
        load(tmp_path / "store", [other], Wishes(mode="add"))


@pytest.fixture
def later_starts(parts, tmp_path) -> Path:
    """The first part of the wide export with every date a week later: other first appointments."""
    rows = pd.read_csv(parts["wide"][0], dtype="str", keep_default_na=False)
    when = pd.to_datetime(rows["session_date"].where(rows["session_date"] != "")) + pd.Timedelta(days=7)
    rows.assign(session_date=when.dt.strftime("%Y-%m-%d").fillna("")).to_csv(tmp_path / "later.csv", index=False)
    return tmp_path / "later.csv"


@pytest.mark.parametrize("ends", ["the disk is full", "it is rolled back"])
def test_a_week_is_counted_from_the_starts_of_what_is_served_whatever_a_load_that_does_not_stand_had_read(
    ends, later_starts, parts, tables, folder, monkeypatch
):
    how = {"mapping": "wide_sessions", "unencrypted": True}
    if ends == "the disk is full":

        def full(*arguments, **named):
            raise StoreProblem("No space left on device")

        with monkeypatch.context() as broken:
            broken.setattr("process.loading.incremental.publish", full)
            with pytest.raises(StoreProblem, match="No space left"):
                load(folder, [later_starts], Wishes(**how))
    else:
        assert load(folder, [later_starts], Wishes(**how)).generation
        store.roll_back(folder)

    load(folder, [parts["wide"][1]], Wishes(mode="add", **how))

    assert_holds(folder, tables)


def test_a_generation_whose_starts_are_kept_no_more_takes_no_week_and_a_table_with_one_set_goes_on(parts, tables, folder):
    how = {"mapping": "wide_sessions", "unencrypted": True}
    with held(folder) as table:
        token, starts = table.codes.begun.sets.popitem()
        table.codes.begun.sets["of another save"] = starts
        table.save()
    with pytest.raises(SettingWrong, match="Load the whole export through this mapping once"):
        load(folder, [parts["wide"][1]], Wishes(mode="add", **how))
    with held(folder) as table:
        table.codes.begun.sets.clear()
        content = json.loads(table.codes.as_bytes()) | {"version": 2, "starts": starts.since}
        del content["begun"]
        content["lists"] |= {name: "\n".join(entries) for name, entries in starts.lists().items()}
        table.codes = Codes.from_bytes(json.dumps(content).encode())
        table.save()

    load(folder, [parts["wide"][1]], Wishes(mode="add", **how))

    assert_holds(folder, tables)
    assert len(seen(folder).codes.begun.sets) == 2 and token in seen(folder).codes.begun.sets
