"""What happens to whole generations: going back, keys changed, checksums, private files, the journal."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from tests import clinics

from process import sealed
from process.errors import KeyProblem, SettingWrong, StoreProblem
from process.store import DuckDBEngine, current, folder, generation, generations, journal, publish, rewriting, unlocking
from process.store.rolling_back import roll_back

pytestmark = pytest.mark.usefixtures("own_keys")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def count(store: Path) -> int:
    with DuckDBEngine.open(current(store)) as engine:
        return int(engine.query("select count(*) as n from courses")["n"].iloc[0])


def flip(path: Path) -> None:
    """One bit in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def test_rolling_back_serves_the_generation_before_and_its_name_the_later_one_again(store, records):
    names = [publish(store, records(n)).name for n in (1, 2, 3)]

    assert roll_back(store).name == names[1] and count(store) == 2
    assert roll_back(store).name == names[0] and count(store) == 1
    with pytest.raises(StoreProblem, match="has no generation before"):
        roll_back(store)
    assert roll_back(store, names[2]).name == names[2] and count(store) == 3
    with pytest.raises(SettingWrong, match="has no generation `g000009"):
        roll_back(store, "g000009-aaaaaa")
    assert [(line["outcome"], line.get("generation")) for line in journal.entries(store) if line["what"] == "rollback" and line["outcome"] != "begun"] == [
        ("done", names[1]),
        ("done", names[0]),
        ("refused", None),
        ("done", names[2]),
        ("refused", None),
    ]


def test_what_was_rolled_back_past_goes_with_the_next_load(store, records):
    names = [publish(store, records(n)).name for n in (1, 2, 3)]
    roll_back(store)

    fourth = publish(store, records(4)).name

    assert generations(store) == [names[0], names[1], fourth] and fourth > names[2]
    assert roll_back(store).name == names[1]


def test_a_damaged_generation_is_never_gone_back_to(store, records):
    names = [publish(store, records(n)).name for n in (1, 2)]
    flip(store / "generations" / f"{names[0]}.duckdb")

    with pytest.raises(StoreProblem, match=f"{names[0]}.* is damaged"):
        roll_back(store)
    assert current(store).name == names[1]


def test_one_flipped_bit_is_seen_by_the_checksum(store, records):
    found = publish(store, records(1))
    generation.verify(found)

    flip(found.path)

    with pytest.raises(StoreProblem, match="is damaged"):
        generation.verify(current(store))


def test_how_many_generations_stay_is_the_clinics_policy(store, records):
    publish(store, records(1))
    (store / "policy.toml").write_text("generations_kept = 2\n")

    names = [publish(store, records(n)).name for n in (2, 3)]

    assert generations(store) == names
    (store / "policy.toml").write_text("generations_kept = 0\n")
    with pytest.raises(SettingWrong, match="generations_kept"):
        publish(store, records(4))
    assert count(store) == 3


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_folders_and_files_are_private_whatever_the_umask_says(store, records, mask):
    before = os.umask(mask)
    seen = []
    try:
        publish(store, records(1))
        publish(store, records(2), lambda *told: seen.extend((path.name, stat.S_IMODE(path.stat().st_mode)) for path in (store / "generations").iterdir()))
        roll_back(store)
        assert os.umask(mask) == mask
    finally:
        os.umask(before)

    for path in [store, *store.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    aside = {mode for name, mode in seen if name.startswith(".building")}
    assert aside and aside <= {0o600, 0o700}


def test_the_journal_has_a_line_for_every_load_with_its_outcome_and_no_value(store, records):
    first = publish(store, records(1)).name
    with pytest.raises(ValueError):
        publish(store, records(1) | {"letters": records()["courses"]})
    with (store / "journal.jsonl").open("a") as file:
        file.write('{"when": "cut sho')  # as a crash leaves it
    publish(store, records(2))

    lines = [(line["what"], line["outcome"], line.get("kind")) for line in journal.entries(store)]
    assert lines == [("publish", "begun", None), ("publish", "done", None), ("publish", "begun", None), ("publish", "failed", "ValueError")] + [
        ("publish", "begun", None),
        ("publish", "done", None),
    ]
    assert journal.entries(store)[1]["generation"] == first
    assert "Clinic A" not in (store / "journal.jsonl").read_text()


@pytest.mark.encryption
@pytest.mark.parametrize(("was", "becomes"), [("a", "b"), (None, "b"), ("a", None)])
def test_a_change_of_keys_writes_every_generation_anew_with_the_same_figures(store, records, was, becomes):
    keys = {None: None} | {name: sealed.made(f"store-00000000000000a{name}") for name in "ab"}
    names = [publish(store, records(n), key=keys[was]).name for n in (1, 2, 3)]
    roll_back(store)

    rewriting.rotate(store, keys[was], keys[becomes])

    after = generations(store)
    assert len(after) == 3 and not set(after) & set(names) and current(store).name == after[1] and count(store) == 2
    clinics.put_down_keys()
    if becomes is None:
        assert current(store).manifest["encryption"] is None
    else:
        unlocking.hand_in(keys[becomes])
    assert [roll_back(store, name).manifest["counts"]["courses"] for name in after] == [1, 2, 3]
    assert publish(store, records(5)).manifest["encryption"] == unlocking.described(keys[becomes])
    assert len(list((store / "generations").iterdir())) == 6


CUT = ["encrypted_anew", "finish", "write_identity", "write_whole", "discard"]
NOW = {("encrypted_anew", 1), ("finish", 2), ("write_identity", 1), ("write_whole", 2), ("discard", 1)}
MOMENTS = [
    pytest.param(step, nth, id=f"{nth}-{step}", marks=[] if (step, nth) in NOW else pytest.mark.soak) for step in CUT for nth in (1, 2)
]  # each step once with every run, each of them both times in `make soak`


@pytest.fixture(scope="module")
def under_the_old_key(tmp_path_factory, records):
    """A folder with a store of two generations, and the key that both are encrypted with."""
    folder, old = tmp_path_factory.mktemp("old"), sealed.made("store-00000000000000aa")
    for n in (1, 2):
        publish(folder / "store", records(n), key=old)
    return folder, old


@pytest.mark.encryption
@pytest.mark.parametrize(("step", "nth"), MOMENTS)
def test_a_change_of_keys_cut_short_at_any_step_still_serves_and_ends_when_said_again(under_the_old_key, tmp_path, records, monkeypatch, step, nth):
    folder, old = under_the_old_key
    store, new = tmp_path / "store", sealed.made("store-00000000000000ab")
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    unlocking.hand_in(old)
    real, calls = getattr(rewriting, step), []

    def die(*arguments, **named):
        calls.append(step)
        if len(calls) == nth:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    with monkeypatch.context() as broken:
        broken.setattr(rewriting, step, die)
        try:
            rewriting.rotate(store, old, new)
        except KeyboardInterrupt:
            pass
    assert count(store) == 2

    rewriting.rotate(store, old, new)

    clinics.put_down_keys()
    unlocking.hand_in(new)
    assert len(generations(store)) == 2 and count(store) == 2
    assert len(list((store / "generations").iterdir())) == 4 and publish(store, records(3)).key() == new


@pytest.mark.encryption
def test_a_load_after_a_change_of_keys_that_was_cut_short_leaves_one_copy_of_each(store, records, monkeypatch):
    old, new = (sealed.made(f"store-00000000000000a{name}") for name in "ab")
    for n in (1, 2):
        publish(store, records(n), key=old)
    with monkeypatch.context() as broken:
        broken.setattr(rewriting, "write_identity", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            rewriting.rotate(store, old, new)
    assert len(generations(store)) == 4

    third = publish(store, records(3))

    assert len(generations(store)) == 3 and third.key() == old
    assert {generation.named(store, name).key() for name in generations(store)} == {old}


@pytest.mark.encryption
def test_a_key_that_does_not_fit_changes_nothing(store, records):
    old, new = (sealed.made(f"store-00000000000000a{name}") for name in "ab")
    publish(store, records(1), key=old)
    before = sorted(path.name for path in store.rglob("*"))
    clinics.put_down_keys()
    (Path(os.environ["XDG_CONFIG_HOME"]) / "therapy-process" / "keys" / f"{old.name}.key").unlink()

    with pytest.raises(KeyProblem):
        rewriting.rotate(store, new, new)
    assert sorted(path.name for path in store.rglob("*")) == before


def test_a_file_is_overwritten_before_it_goes_and_neither_a_link_nor_a_second_name_is(tmp_path):
    path, other = tmp_path / "file", tmp_path / "somebody else's"
    path.write_bytes(b"patient" * 1000)
    other.write_bytes(b"patient" * 1000)
    (tmp_path / "link").symlink_to(other)
    with path.open("rb") as same_bytes_on_the_disk:
        folder.remove(path, shred=True)
        assert b"patient" not in same_bytes_on_the_disk.read() and not path.exists()
    folder.remove(tmp_path / "link", shred=True)
    os.link(other, tmp_path / "second name")
    folder.remove(tmp_path / "second name", shred=True)

    assert other.read_bytes() == b"patient" * 1000 and sorted(entry.name for entry in tmp_path.iterdir() if entry.is_file()) == [other.name]


@pytest.mark.encryption
def test_a_change_of_keys_in_a_store_that_has_lost_its_pointer_loses_nothing(store, records):
    for n in (1, 2):
        publish(store, records(n))
    (store / "current").unlink()
    new = sealed.made("store-00000000000000aa")

    rewriting.rotate(store, None, new)

    assert [generation.named(store, name).manifest["counts"]["courses"] for name in generations(store)] == [1, 2]
