"""A forgotten patient is in no kept generation, in no file of the store and on no key sheet, and comes back with neither a backup nor a later export."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from tests import clinics

from process import store
from process.contract.policy import Policy
from process.errors import StoreProblem
from process.intake.codes import folder as codes_folder
from process.intake.codes.key_sheets import write_sheets
from process.intake.codes.surrogates import disguise
from process.loading import forgetting
from process.measures.publishing import publish
from process.store import deletions
from process.store.generation import named

COURSES = 60
_OWNED = (("goals", "goal_id"), ("ruptures", "rupture_id"))
_KEYS = tuple(key for _, key in _OWNED)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory):
    """A store with two generations, its codes replaced, and beside it the table of codes; with the records as the clinic has them and as the store does."""
    folder = tmp_path_factory.mktemp("loaded") / "store"
    own = clinics.demo(COURSES, 6)
    with codes_folder.held(folder) as table:
        disguised, _ = disguise(own, table.codes, Policy())
        table.save()
        publish(folder, disguised | {"scores": disguised["scores"].iloc[2:]})
        publish(folder, disguised)
        write_sheets(table)
    return folder, own, disguised


@dataclass
class Clinic:
    """A store with its codes, and a patient of it: by display code and by the clinic's own; with the records as the clinic has them and as the store does."""

    folder: Path
    patient: str
    own_code: str
    own: dict[str, pd.DataFrame]
    disguised: dict[str, pd.DataFrame]

    @property
    def ids(self) -> set[str]:
        """The ids of the patient's courses, goals and ruptures, and their own."""
        courses = self.disguised["courses"]
        mine = set(courses.loc[courses["patient_id"] == self.patient, "course_id"])
        owned = [set(self.disguised[name].loc[self.disguised[name]["course_id"].isin(mine), key]) for name, key in _OWNED]
        return {self.patient}.union(mine, *owned)


def copied(loaded, place: Path) -> Clinic:
    """A copy of the store and its codes, and the patient with most sessions."""
    source, own, disguised = loaded
    folder = Path(shutil.copytree(source, place / "store"))
    shutil.copytree(source.with_name("store-codes"), place / "store-codes")
    busiest = own["sessions"]["course_id"].value_counts().index[0]
    patient = own["courses"].set_index("course_id").loc[busiest, "patient_id"]
    return Clinic(folder, codes_folder.seen(folder).codes.displays["patient"][patient], patient, own, disguised)


@pytest.fixture
def clinic(loaded, tmp_path) -> Clinic:
    """The clinic with the patient."""
    return copied(loaded, tmp_path)


@pytest.fixture(scope="module")
def after(loaded, tmp_path_factory) -> tuple[Clinic, list[str], forgetting.Forgotten]:
    """The clinic once the patient was forgotten, the generations it had, and what the command said; not to be changed."""
    found = copied(loaded, tmp_path_factory.mktemp("after"))
    before = store.generations(found.folder)
    assert all(rows_of(found.folder, name, found.ids) > 10 for name in before)
    assert len(holding(found.folder, found.patient)) >= 2  # in the clear as long as it is there: the scan can see it
    return found, before, forgetting.forget(found.folder, found.patient)


def without(records, patient: str) -> dict[str, pd.DataFrame]:
    """The records without a patient, worked out plainly."""
    gone = {"course_id": set(records["courses"].loc[records["courses"]["patient_id"] == patient, "course_id"])}
    gone |= {key: set(records[name].loc[records[name]["course_id"].isin(gone["course_id"]), key]) for name, key in _OWNED}
    kept = {}
    for name, table in records.items():
        key = next((key for key in gone if key in table), None)
        kept[name] = table if key is None else table[~table[key].isin(gone[key])].reset_index(drop=True)
    return kept


def holding(folder: Path, text: str) -> set[str]:
    """The names of the files under a folder that hold a text."""
    forms = (text.encode(), text.encode("utf-16-le"))
    return {path.name for path in folder.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in forms)}


def written(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rows_of(folder: Path, name: str, ids: set[str]) -> int:
    """Rows of a generation, over all its tables, that hold one of the ids."""
    found = 0
    with store.DuckDBEngine.open(named(folder, name)) as engine:
        for table in engine.tables():
            frame = engine.query(f'select * from "{table}"')
            found += sum(int(frame[column].isin(ids).sum()) for column in frame.columns.intersection(["patient_id", "course_id", "replaced_by", *_KEYS]))
    return found


def test_no_row_of_a_forgotten_patient_is_left_in_any_kept_generation(after):
    clinic, before, done = after
    kept = store.generations(clinic.folder)

    assert (done.generations, done.courses, done.unlearnt) == (2, 2, True)
    assert len(kept) == 2 and not set(kept) & set(before)
    assert [rows_of(clinic.folder, name, clinic.ids) for name in kept] == [0, 0]
    assert store.current(clinic.folder).name == kept[-1]


def test_no_file_of_the_store_holds_the_codes_but_the_list_of_the_forgotten(after):
    clinic, _, _ = after

    assert holding(clinic.folder, clinic.patient) == {"forgotten.jsonl"}
    assert all(holding(clinic.folder, one) == set() for one in clinic.ids - {clinic.patient})


def test_every_figure_is_that_of_a_store_that_never_had_the_patient(after, tmp_path, unequal):
    clinic, _, _ = after
    never = tmp_path / "never"
    publish(never, without(clinic.disguised | {"scores": clinic.disguised["scores"].iloc[2:]}, clinic.patient))
    publish(never, without(clinic.disguised, clinic.patient))

    pairs = zip(store.generations(clinic.folder), store.generations(never), strict=True)
    assert [unequal(named(clinic.folder, one), named(never, other)) for one, other in pairs] == [[], []]


def test_the_table_of_codes_and_the_key_sheets_know_the_patient_no_more(after, loaded):
    clinic, _, _ = after
    codes = codes_folder.seen(clinic.folder).codes
    sheets, earlier = (written(folder.with_name("store-codes") / "sheets") for folder in (clinic.folder, loaded[0]))

    assert clinic.own_code not in codes.displays["patient"] and clinic.patient in codes.retired["patient"]
    assert f'"{clinic.own_code}"' not in codes.as_bytes().decode()
    assert [name for name in earlier if sheets.get(name) != earlier[name]]


def test_a_later_load_that_still_holds_the_patient_leaves_them_out(after):
    clinic, _, _ = after
    codes = codes_folder.seen(clinic.folder).codes

    again, account = disguise(clinic.own, codes, Policy())

    assert len(again["courses"]) == len(without(clinic.disguised, clinic.patient)["courses"])
    assert account.refused["courses"] == {"its patient was forgotten": 2}
    assert clinic.patient not in set(again["courses"]["patient_id"])


def test_a_restored_older_copy_is_brought_up_to_date(clinic, tmp_path):
    folder, patient = clinic.folder, clinic.patient
    backup = shutil.copytree(folder, tmp_path / "backup")
    forgetting.forget(folder, patient)
    shutil.rmtree(folder / "generations")
    shutil.copytree(backup / "generations", folder / "generations")
    shutil.copy(backup / "current", folder / "current")
    assert "forgotten.jsonl" not in {path.name for path in backup.iterdir()} and len(holding(folder, patient)) > 1

    assert forgetting.replay(folder) == 2

    assert holding(folder, patient) == {"forgotten.jsonl"}
    assert forgetting.replay(folder) == 0


def test_a_store_without_its_list_is_told_by_the_table_of_codes(clinic, tmp_path):
    folder, patient = clinic.folder, clinic.patient
    fresh = shutil.copytree(folder, tmp_path / "fresh")
    forgetting.forget(folder, patient)

    assert forgetting.replay(fresh, codes_folder.seen(folder).codes.retired["patient"]) == 2
    assert holding(fresh, patient) == {"forgotten.jsonl"}


def test_an_interrupted_command_is_taken_up_by_the_next_one(clinic, monkeypatch):
    folder, patient = clinic.folder, clinic.patient

    def stop(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(forgetting, "rewrite", stop)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget(folder, patient)
    assert len(holding(folder, patient)) > 1 and deletions.listed(folder) == [patient]

    done = forgetting.forget(folder, patient)

    assert done.unlearnt and holding(folder, patient) == {"forgotten.jsonl"}
    assert not forgetting.forget(folder, patient).unlearnt  # once more does no harm
    assert deletions.listed(folder) == [patient]


@pytest.mark.parametrize("unknown", ["P22222X", "0017", "Miller, Ann"])
def test_a_code_that_nobody_has_is_refused_in_words_that_do_not_repeat_it(clinic, unknown):
    folder = clinic.folder
    before = store.generations(folder)

    with pytest.raises(StoreProblem, match="display code is `P` and 5 or more of CDFH") as refusal:
        forgetting.forget(folder, unknown)

    assert unknown not in str(refusal.value).replace(str(folder), "") and "codes find" in str(refusal.value)
    assert store.generations(folder) == before and not (folder / "forgotten.jsonl").exists()
    assert unknown not in (folder / "journal.jsonl").read_text().split('"forget"', 1)[1]


def test_a_damaged_list_of_the_forgotten_is_said_in_words(clinic):
    folder = clinic.folder
    (folder / "forgotten.jsonl").write_text("{half a li")

    with pytest.raises(StoreProblem, match="a line of it cannot be read"):
        forgetting.replay(folder)
