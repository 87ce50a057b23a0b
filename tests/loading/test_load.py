"""A load from files to the generation that is served: surrogates in, what changed said, the same files twice change nothing, a mistake leaves all as it was."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pandas as pd
import pytest

from process import demo, store
from process.errors import FileRefused, SettingWrong, StoreProblem
from process.intake.codes.folder import seen
from process.loading import forgetting
from process.loading.load import Wishes, load
from process.store import backup, restoring

OPEN = {"unencrypted": True}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """A delivery of real records, as far as the manifest goes: thirty simulated courses."""
    folder = tmp_path_factory.mktemp("written")
    demo.write(demo.simulate(demo.Settings(courses=30, therapists=5, seed=5)), folder)
    (folder / "manifest.csv").write_text((folder / "manifest.csv").read_text().replace("simulated", "real"))
    return folder


@pytest.fixture
def delivery(written, tmp_path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "delivery"))


@pytest.fixture(scope="module")
def made(written, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    load(folder / "store", [written], Wishes(**OPEN))
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    for name in ("store", "store-codes"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path / "store"


def table(folder: Path, name: str) -> pd.DataFrame:
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        return engine.query(f"select * from {name}")


def codes(folder: Path, kind: str) -> dict[str, str]:
    return seen(folder).codes.displays[kind]


def rewrite(path: Path, change) -> None:
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    change(rows).to_csv(path, index=False)


def test_what_is_stored_are_display_codes_and_the_table_knows_them(folder, delivery):
    handed_over = pd.read_csv(delivery / "courses.csv", dtype="str")
    stored = table(folder, "courses")

    for column, kind in (("patient_id", "patient"), ("therapist_id", "therapist"), ("course_id", "course")):
        known = codes(folder, kind)
        assert set(stored[column]) == {known[code] for code in handed_over[column]}
        assert not set(stored[column]) & set(handed_over[column])
    assert len(list((folder.parent / "store-codes" / "sheets").glob("*.sheet"))) == handed_over["therapist_id"].nunique()


def test_the_same_files_twice_change_nothing(folder, delivery):
    before = store.current(folder).name
    for name in ("scores", "sessions"):  # nor does the order of their rows
        rewrite(delivery / f"{name}.csv", lambda rows: rows.sample(frac=1, random_state=1))

    again = load(folder, [delivery])

    assert again.generation is None and again.changes.nothing
    assert store.current(folder).name == before and store.generations(folder) == [before]


def test_a_patient_keeps_the_code_from_one_load_to_the_next_and_a_new_one_gets_another(folder, delivery):
    before = codes(folder, "patient")
    rewrite(delivery / "courses.csv", lambda rows: pd.concat([rows, rows.tail(1).assign(course_id="new-course", patient_id="new-patient")]))
    rewrite(delivery / "sessions.csv", lambda rows: pd.concat([rows, rows.tail(1).assign(course_id="new-course", session_number="1")]))

    done = load(folder, [delivery])

    after = codes(folder, "patient")
    assert {code: after[code] for code in before} == before and set(after) - set(before) == {"new-patient"}
    assert (done.changes.table("courses").added, done.changes.table("sessions").added, done.changes.courses) == (1, 1, 1)
    assert len(store.generations(folder)) == 2


def test_a_week_is_added_and_a_row_that_is_there_otherwise_is_refused_until_it_is_called_a_correction(folder, delivery, tmp_path):
    week = tmp_path / "week"
    week.mkdir()
    shutil.copy(delivery / "manifest.csv", week)
    last = pd.read_csv(delivery / "sessions.csv", dtype="str", keep_default_na=False).groupby("course_id").tail(1).head(3)
    new = last.assign(session_number=(last["session_number"].astype(int) + 1).astype(str))
    new.to_csv(week / "sessions.csv", index=False)
    served = len(table(folder, "sessions"))

    done = load(folder, [week], Wishes(mode="add"))
    assert done.changes.table("sessions").added == 3 and len(table(folder, "sessions")) == served + 3

    assert load(folder, [week], Wishes(mode="add")).changes.nothing

    rewrite(week / "sessions.csv", lambda rows: rows.assign(attendance="cancelled"))
    with pytest.raises(FileRefused, match="3 of table `sessions` .*attendance.*`--correct`"):
        load(folder, [week], Wishes(mode="add"))
    done = load(folder, [week], Wishes(mode="correct"))
    assert done.changes.table("sessions").corrected == 3 and len(table(folder, "sessions")) == served + 3


def test_a_check_says_the_same_and_writes_nothing_anywhere(delivery, tmp_path):
    looked = load(tmp_path / "store", [delivery], check=True)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["delivery"]
    done = load(tmp_path / "store", [delivery], Wishes(**OPEN))
    assert looked.generation is None and looked.changes == done.changes
    assert looked.report.as_dict()["tables"] == done.report.as_dict()["tables"]


def test_a_refused_load_leaves_store_and_codes_as_they_were(folder, delivery):
    before, known = store.current(folder).name, (folder.parent / "store-codes" / "codes.sealed").read_bytes()
    rewrite(delivery / "sessions.csv", lambda rows: rows.assign(attendance="perhaps"))

    with pytest.raises(FileRefused):
        load(folder, [delivery])

    assert store.current(folder).name == before
    assert (folder.parent / "store-codes" / "codes.sealed").read_bytes() == known


def test_a_policy_is_kept_and_followed_by_later_loads(folder, delivery, tmp_path):
    policy = tmp_path / "ours.toml"
    policy.write_text('dates = "quarter"\nrare = "coarsen"\n')

    load(folder, [delivery], Wishes(policy=policy))

    courses = table(folder, "courses")
    assert courses["start_week"].isna().all() and courses["start_quarter"].notna().any()
    assert load(folder, [delivery]).changes.nothing
    attributes = ["team", "modality", "problem", "age_band"]
    patients = courses[[*attributes, "patient_id"]].fillna("").groupby(attributes)["patient_id"].nunique()
    assert (patients.drop(("", "", "", ""), errors="ignore") >= 5).all()


def test_what_is_added_is_not_rare_where_the_store_has_enough_like_it(delivery, tmp_path):
    """With `coarsen`, one more course of a frequent kind keeps its attributes, though the file holds nobody else."""
    rewrite(delivery / "courses.csv", lambda rows: rows.assign(team="North", modality="m", problem="p", age_band="25-34"))
    policy = tmp_path / "ours.toml"
    policy.write_text('rare = "coarsen"\n')
    folder = tmp_path / "store"
    load(folder, [delivery], Wishes(policy=policy, **OPEN))
    week = tmp_path / "week"
    week.mkdir()
    shutil.copy(delivery / "manifest.csv", week)
    courses, sessions = (pd.read_csv(delivery / f"{name}.csv", dtype="str", keep_default_na=False) for name in ("courses", "sessions"))
    like, unlike = (courses.tail(1).assign(course_id=code, patient_id=code, team=team) for code, team in (("n1", "North"), ("n2", "South")))
    pd.concat([like, unlike]).to_csv(week / "courses.csv", index=False)
    pd.concat([sessions.tail(1).assign(course_id=code) for code in ("n1", "n2")]).to_csv(week / "sessions.csv", index=False)

    load(folder, [week], Wishes(mode="add"))

    stored, known = table(folder, "courses").set_index("course_id"), codes(folder, "course")
    assert stored.loc[known["n1"], ["team", "age_band"]].tolist() == ["North", "25-34"]
    assert stored.loc[known["n2"], ["team", "age_band"]].isna().all()


def test_nothing_can_be_added_to_a_store_that_is_not_there(delivery, tmp_path):
    with pytest.raises(SettingWrong, match="Load everything first, without `--add`"):
        load(tmp_path / "store", [delivery], Wishes(mode="add"))


def test_a_weeks_files_that_are_taken_for_everything_do_not_empty_the_store(folder, delivery):
    few = pd.read_csv(delivery / "courses.csv", dtype="str")["course_id"].head(8)
    for name in ("courses", "sessions", "scores", "goals", "ruptures"):
        rewrite(delivery / f"{name}.csv", lambda rows: rows[rows["course_id"].isin(few)])

    with pytest.raises(FileRefused, match="22 of the store's 30 courses are not in them.*`--add`.*`--fewer`"):
        load(folder, [delivery])

    assert len(table(folder, "courses")) == 30
    load(folder, [delivery], Wishes(fewer=True))
    assert len(table(folder, "courses")) == 8


def test_a_policy_file_changes_what_it_names_and_nothing_else(folder, delivery, tmp_path):
    for text in ('dates = "quarter"\n', 'rare = "coarsen"\n'):
        (tmp_path / "ours.toml").write_text(text)
        load(folder, [delivery], Wishes(policy=tmp_path / "ours.toml"))

    assert table(folder, "courses")["start_week"].isna().all()


def test_real_records_do_not_come_into_a_store_in_the_clear_without_a_word(delivery, tmp_path):
    manifest = (delivery / "manifest.csv").read_text()
    (delivery / "manifest.csv").write_text(manifest.replace("real", "simulated"))
    load(tmp_path / "store", [delivery])
    (delivery / "manifest.csv").write_text(manifest)

    with pytest.raises(SettingWrong, match="first real records"):
        load(tmp_path / "store", [delivery])
    load(tmp_path / "store", [delivery], Wishes(**OPEN))
    assert load(tmp_path / "store", [delivery]).changes.nothing


def test_the_name_of_a_file_is_kept_nowhere(folder):
    assert ".csv" not in str(store.current(folder).manifest)


def patients(folder: Path) -> set[str]:
    return set(table(folder, "courses")["patient_id"])


def test_whoever_was_forgotten_stays_so_with_an_older_table_of_codes_and_never_by_another_one(folder, delivery, tmp_path):
    shutil.copytree(folder.parent / "store-codes", tmp_path / "earlier")
    patient = sorted(patients(folder))[0]
    with pytest.raises(StoreProblem, match="under display codes whose table is not in"):
        forgetting.forget(folder, patient, codes=tmp_path / "elsewhere")
    assert patient in patients(folder)

    forgetting.forget(folder, patient)
    shutil.rmtree(folder.parent / "store-codes")
    shutil.copytree(tmp_path / "earlier", folder.parent / "store-codes")
    load(folder, [delivery], Wishes(new_parameters=True))

    assert len(patients(folder)) == pd.read_csv(delivery / "courses.csv", dtype="str")["patient_id"].nunique() - 1
    assert patient not in patients(folder)
    with pytest.raises(SettingWrong, match="with `--new-codes` they would come back"):
        load(folder, [delivery], Wishes(codes=tmp_path / "none", new_codes=True))


def test_a_restore_asks_who_was_deleted_since_and_reads_every_line_of_the_answer(folder, tmp_path):
    backup.back_up(folder, tmp_path / "copy.tar")
    with pytest.raises(StoreProblem, match="`--codes FOLDER`.*`--forgotten FILE`.*`--nobody-deleted`"):
        restoring.restore(tmp_path / "copy.tar", tmp_path / "new")
    (tmp_path / "list").write_text('{"patient": "P1", "when": "2026-01-01"}\n{"patient": \n')
    with pytest.raises(StoreProblem, match="a line of it cannot be read"):
        restoring.restore(tmp_path / "copy.tar", tmp_path / "new", tmp_path / "list")

    assert not (tmp_path / "new" / "current").exists()
    restoring.restore(tmp_path / "copy.tar", tmp_path / "new", known=restoring.NOBODY)
    assert patients(tmp_path / "new") == patients(folder)


def test_one_clinics_backup_never_takes_the_place_of_anothers_records(folder, delivery, tmp_path):
    backup.back_up(folder, tmp_path / "copy.tar")
    manifest = pd.read_csv(delivery / "manifest.csv", dtype="str").assign(clinic="Another clinic")
    manifest.to_csv(delivery / "manifest.csv", index=False)
    load(tmp_path / "other", [delivery], Wishes(**OPEN))

    with pytest.raises(StoreProblem, match="another clinic"):
        restoring.restore(tmp_path / "copy.tar", tmp_path / "other", known=restoring.NOBODY)
    assert store.current(tmp_path / "other").manifest["clinic"] == "Another clinic"


@pytest.mark.encryption
def test_the_store_and_the_table_of_codes_never_have_one_key(delivery, tmp_path):
    (tmp_path / "key").write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
    (tmp_path / "key").chmod(0o600)

    with pytest.raises(SettingWrong, match="must not have the same key"):
        load(tmp_path / "store", [delivery], Wishes(key=str(tmp_path / "key"), codes_key=tmp_path / "key"))
