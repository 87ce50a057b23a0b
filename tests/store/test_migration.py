"""A store that the first release filled is brought up to this one from its own records; what it held is the same afterwards."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
import pytest

from process import cli
from process.access import open_records
from process.errors import StoreProblem
from process.loading import beside, forgetting
from process.loading.load import Wishes, load
from process.loading.sides import Sides
from process.measures import derived
from process.store import DuckDBEngine, current, doctor, generation, generations, journal, migration

# As the first release wrote it: fewer columns, two summaries, no estimates, a manifest without checksum, no store.json.
FIRST = """
create table manifest (as_of date not null, clinic varchar not null, source varchar not null, origin varchar not null);
insert into manifest values ('2026-03-31', 'Clinic A', 'export 1', 'simulated');
create table courses (course_id varchar not null, patient_id varchar not null, therapist_id varchar not null, team varchar, start_week date,
    ending varchar not null);
insert into courses values ('c1', 'p1', 't1', 'north', '2026-01-05', 'planned'), ('c2', 'p2', 't1', null, null, 'unknown');
create table sessions (course_id varchar not null, session_number integer not null, week date, day integer, attendance varchar not null);
insert into sessions values ('c1', 1, '2026-01-05', 0, 'attended'), ('c1', 2, '2026-01-12', 7, 'missed'), ('c2', 1, null, null, 'attended');
create table goals (goal_id varchar not null, course_id varchar not null, scale varchar not null, set_by varchar not null, area varchar not null, weight double,
    agreed_session integer not null, closed_session integer, fate varchar not null, replaced_by varchar);
insert into goals values ('g1', 'c1', 'gas', 'both', 'work', null, 1, null, 'open', null);
create table letters_of_the_first_release (text varchar);
create table attended as select * from sessions where attendance = 'attended';
create table course_facts as select course_id, 1 as length from courses;
"""


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A store of the first release, made by hand."""
    store = tmp_path / "store"
    path = store / "generations" / "g000004-abcdef.duckdb"
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(FIRST)
    manifest = {
        "name": path.stem,
        "created": "2026-04-01T08:00:00+00:00",
        "contract_version": 1,
        "product_version": "0.0.9",
        "as_of": "2026-03-31",
        "clinic": "Clinic A",
        "source": "export 1",
        "origin": "simulated",
        "bytes": path.stat().st_size,
        "counts": {"courses": 2, "sessions": 3, "goals": 1, "manifest": 1, "attended": 2, "course_facts": 2},
        "about": {"intake": {"tables": []}},
    }
    path.with_suffix(".json").write_text(json.dumps(manifest))
    (store / "current").write_text("g000004-abcdef\n")
    (store / "lock").touch()
    return store


def migrate(store: Path, monkeypatch, capsys) -> str:
    monkeypatch.setattr(sys, "argv", ["therapy-process", "migrate", str(store)])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    return capsys.readouterr().out


def test_it_is_refused_in_words_until_it_has_been_migrated(first):
    with pytest.raises(StoreProblem, match="filled by an earlier version.*therapy-process migrate"):
        open_records(first)
    assert any("is of an earlier release: it lacks" in finding.what for finding in doctor.examine(first, derived.STORED))


def test_migrating_keeps_every_record_and_makes_anew_what_is_made_of_them(first, monkeypatch, capsys):
    said = migrate(first, monkeypatch, capsys)

    after = current(first)
    assert "g000004-abcdef was of an earlier release" in said and after.name in said and generations(first) == ["g000004-abcdef", after.name]
    assert after.manifest["about"]["migrated_from"] == "g000004-abcdef" and after.manifest["sha256"] and after.manifest["format"] == 2
    with DuckDBEngine.open(after) as engine:
        courses = engine.query("select course_id, patient_id, team, start_week, ending, planned_sessions, match_decision from courses order by course_id")
        sessions = engine.query("select course_id, session_number, day, attendance, rupture_reviewed from sessions order by course_id, session_number")
        assert engine.query("select count(*) as n from goals")["n"].tolist() == [1] and "letters_of_the_first_release" not in engine.tables()
    assert courses["team"].fillna("").tolist() == ["north", ""] and courses["start_week"].dt.strftime("%Y-%m-%d").fillna("").tolist() == ["2026-01-05", ""]
    assert courses[["planned_sessions", "match_decision"]].isna().all(axis=None) and sessions["rupture_reviewed"].isna().all()
    assert sessions["day"].fillna(-1).tolist() == [0, 7, -1] and sessions["attendance"].tolist() == ["attended", "missed", "attended"]
    opened = open_records(first)
    assert opened.present["attended"] == 2 if "attended" in opened.present else opened.present
    opened.engine.close()
    assert [finding for finding in doctor.examine(first, derived.STORED) if finding.fault and "release" in finding.what] == []


FILES = {
    "manifest": "as_of,clinic,source,origin\n2026-04-30,Clinic A,export 1,simulated\n",
    "courses": "course_id,patient_id,therapist_id,ending\nc1,p1,t1,planned\nc2,p2,t1,unknown\nc3,p3,t1,unknown\n",
    "sessions": "course_id,session_number,attendance\nc1,1,attended\nc2,1,attended\nc3,1,attended\n",
}


def test_it_can_be_loaded_over_without_having_been_migrated(first, tmp_path):
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)

    changes = load(first, [tmp_path / f"{name}.csv" for name in FILES], Wishes(fewer=True)).changes

    assert changes.table("courses").added == 3 and changes.table("courses").removed == 2 and changes.table("goals").removed == 1
    open_records(first).engine.close()


def test_a_patient_can_be_forgotten_in_it_and_everybody_else_stays(first):
    done = forgetting.forget(first, "p2")

    assert (done.generations, done.courses) == (1, 1)
    with DuckDBEngine.open(current(first)) as engine:
        assert engine.query("select course_id from courses")["course_id"].tolist() == ["c1"]
        assert engine.query("select goal_id from goals")["goal_id"].tolist() == ["g1"] and len(engine.query("select * from sessions")) == 2
    assert [
        finding.what for finding in doctor.examine(first, derived.STORED, beside.looks) if finding.fault and "others than their owner" not in finding.what
    ] == []
    assert journal.entries(first)[-1]["outcome"] == "done"


def test_a_generation_without_a_column_that_may_be_empty_can_be_forgotten_in_and_added_to(first, monkeypatch, capsys):
    migrate(first, monkeypatch, capsys)
    after = current(first)
    with duckdb.connect(str(after.path)) as connection:
        connection.execute("alter table sessions drop column rupture_reviewed")
    manifest = json.loads(after.path.with_suffix(".json").read_text())
    changed = {"bytes": after.path.stat().st_size, "sha256": generation.checksum(after.path)}
    after.path.with_suffix(".json").write_text(json.dumps(manifest | changed))

    sides = Sides(current(first), {})
    assert sides.number("select count(*) from served_sessions where rupture_reviewed is null") == 3
    sides.close()
    assert forgetting.forget(first, "p2").generations == 2


def test_a_store_that_is_up_to_date_is_left_alone(first, monkeypatch, capsys):
    migrate(first, monkeypatch, capsys)
    before = current(first)

    assert "up to date" in migrate(first, monkeypatch, capsys)
    assert current(first) == before


def test_a_store_of_a_later_release_is_refused(first):
    path = first / "generations" / "g000004-abcdef.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"contract_version": 99}))

    with pytest.raises(StoreProblem, match="written by a later release"):
        migration.outdated(current(first))


def test_every_step_between_versions_of_the_contract_is_gone_through_in_order(first, monkeypatch):
    def renamed(records):
        return records | {"courses": records["courses"].rename(columns={"team": "modality"})}

    def ended(records):
        courses = records["courses"]
        return records | {"courses": courses.assign(ending=courses["ending"].replace("planned", "moved_on"))}

    monkeypatch.setattr(migration, "VERSION", 3)
    monkeypatch.setattr(migration, "STEPS", {1: renamed, 2: ended})

    assert "version 1 of the contract; this release has version 3" in migration.outdated(current(first))
    courses = migration.records_of(current(first))["courses"]
    assert courses["modality"].fillna("").tolist() == ["north", ""] and courses["ending"].tolist() == ["moved_on", "unknown"] and "team" not in courses

    monkeypatch.setattr(migration, "STEPS", {1: renamed})
    with pytest.raises(StoreProblem, match="no way from version 2 of the contract"):
        migration.records_of(current(first))
