"""Which table of codes a store goes on with: it remembers where it lies, knows a copy that went its own way, and shares it with no other store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.loading.test_commands import FILES, MANIFEST, delivery, run

from process import store
from process.errors import FileRefused, SettingWrong, StoreProblem
from process.intake.codes import folder as codes_folder
from process.intake.codes.folder import held, place, seen
from process.loading.coded import codes_for
from process.loading.load import Wishes, load
from process.store import folder as store_folder

__all__ = ["run"]
NEXT = {
    "courses": "course_id,patient_id,therapist_id,team,ending\nc3,p3,t1,North,unknown\n",
    "sessions": "course_id,session_number,attendance\nc3,1,attended\n",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A store whose codes lie on what stands for another disk."""
    root = tmp_path_factory.mktemp("made")
    load(root / "store", [delivery(root / "first", **FILES)], Wishes(codes=root / "disk" / "codes"))
    return root


@pytest.fixture
def clinic(made, tmp_path) -> Path:
    """A copy of it, each part at its place."""
    for name in ("store", "disk", "first"):
        shutil.copytree(made / name, tmp_path / name)
    with held(tmp_path / "store", tmp_path / "disk" / "codes") as table:
        table.codes.store = str(tmp_path / "store")
        table.save()
        codes_folder.remember(tmp_path / "store", table)
    return tmp_path


def week(folder: Path, **tables: str) -> Path:
    return delivery(folder, **({"manifest": MANIFEST.replace("03-31", "04-07")} | (tables or NEXT)))


def test_the_folder_of_codes_is_named_once_and_no_code_is_in_what_the_store_remembers(run, clinic):
    remembered = (clinic / "store" / "codes.json").read_text()

    code, out, err = run("intake", clinic / "store", week(clinic / "week"), "--add")

    assert code == 0, err
    assert len(seen(clinic / "store").codes.displays["patient"]) == 3 and not (clinic / "store-codes").exists()
    assert run("codes", "list", clinic / "store")[0] == 0 and "disk" in run("key", "show", clinic / "store")[1] + str(place(clinic / "store"))
    assert set(json.loads(remembered)) == {"table", "path", "store"}
    assert codes_folder.REMEMBERED in store_folder.OWN


def test_a_table_that_moved_is_missed_where_it_was_and_found_where_it_is_named(run, clinic):
    shutil.move(clinic / "disk", clinic / "other")

    code, _, err = run("intake", clinic / "store", week(clinic / "week"), "--add")
    assert code == 5 and f"not in {clinic / 'disk' / 'codes'}" in err and "--codes FOLDER" in err
    assert run("intake", clinic / "store", clinic / "week", "--add", "--codes", clinic / "other" / "codes")[0] == 0
    assert place(clinic / "store") == clinic / "other" / "codes"


def test_a_table_with_another_id_is_refused_with_the_next_step(run, clinic):
    load(clinic / "second", [clinic / "first"])

    code, _, err = run("intake", clinic / "store", week(clinic / "week"), "--add", "--codes", clinic / "second-codes")

    assert code == 5 and "is another one than that of the records served" in err and "--codes FOLDER" in err


def test_two_stores_do_not_share_one_table_of_codes(clinic):
    with pytest.raises(SettingWrong, match="is that of store .*Each store has a table of its own"):
        load(clinic / "second", [clinic / "first"], Wishes(codes=clinic / "disk" / "codes"))
    assert not (clinic / "second" / "current").exists()

    shutil.rmtree(clinic / "store")  # one that is made anew goes on with the codes of the one before
    load(clinic / "second", [clinic / "first"], Wishes(codes=clinic / "disk" / "codes"))
    assert seen(clinic / "second").codes.store == str(clinic / "second")


def test_two_copies_of_a_table_that_went_their_own_ways_are_told_apart(clinic):
    shutil.copytree(clinic / "disk" / "codes", clinic / "copy")
    load(clinic / "store", [week(clinic / "week")], Wishes(mode="add"))
    with held(clinic / "store", clinic / "copy") as copy:  # meanwhile somebody writes on in the copy, as often
        while copy.codes.revision < seen(clinic / "store").codes.revision:
            copy.codes.given("patient", [f"q{copy.codes.revision}"])
            copy.save()
    assert copy.codes.revision == seen(clinic / "store").codes.revision and copy.codes.table == seen(clinic / "store").codes.table

    with (
        pytest.raises(StoreProblem, match="a copy that went its own way.*Take the copy that the last load wrote"),
        codes_for(clinic / "store", clinic / "copy"),
    ):
        pass
    with codes_for(clinic / "store"):
        pass


def test_no_store_lies_in_a_folder_of_codes_and_no_export_is_written_there(run, clinic):
    inside = clinic / "disk" / "codes" / "store"
    assert run("intake", inside, clinic / "first", "--codes", clinic / "disk" / "codes")[0] == 2 and not inside.exists()

    for into in (clinic / "disk" / "codes" / "rows", clinic / "disk" / "codes" / "sheets" / "rows"):
        code, _, err = run("export", clinic / "store", into)
        assert code == 5 and "lies inside the folder of codes" in err and not into.exists()


def test_an_older_delivery_within_the_quarter_is_noticed_under_a_policy_of_quarters(clinic, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('dates = "quarter"\n')
    later = FILES | {"manifest": MANIFEST.replace("03-31", "03-20")}
    load(clinic / "store", [delivery(tmp_path / "later", **later)], Wishes(policy=policy, older=True))
    earlier = delivery(tmp_path / "earlier", **(FILES | NEXT | {"manifest": MANIFEST.replace("03-31", "02-10")}))
    assert store.current(clinic / "store").manifest["as_of"] == "2026-03-31"

    for mode in ("replace", "add"):
        with pytest.raises(FileRefused, match=r"before that of the delivery that is served \(2026-03-20\)"):
            load(clinic / "store", [earlier], Wishes(mode=mode))
    load(clinic / "store", [earlier], Wishes(older=True, fewer=True))
    load(clinic / "store", [tmp_path / "later"])  # after going back on purpose, what is newer is newer


def test_a_week_is_never_added_to_an_earlier_generation_because_the_served_one_is_damaged(clinic):
    load(clinic / "store", [week(clinic / "week")], Wishes(mode="add"))
    third = {name: text.replace("c3", "c4").replace("p3", "p4") for name, text in NEXT.items()}
    new = week(clinic / "third", **third)
    served = store.current(clinic / "store")
    content = bytearray(served.path.read_bytes())
    content[len(content) // 2] ^= 1
    served.path.write_bytes(content)

    for mode in ("add", "correct", "add"):
        with pytest.raises(StoreProblem, match=f"Generation {served.name} .* is damaged .*doctor .* --mend"):
            load(clinic / "store", [new], Wishes(mode=mode))
        assert (clinic / "store" / "current").read_text().strip() == served.name

    every = {name: FILES[name] + "".join(f"{text.splitlines()[1]}\n" for text in (NEXT[name], third[name])) for name in NEXT}
    load(clinic / "store", [week(clinic / "every", **every)])  # everything mends it
    assert store.current(clinic / "store").manifest["counts"]["courses"] == 4
