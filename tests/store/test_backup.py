"""A backup that is put back gives the same figures, is refused when a bit of it has changed, and never brings anybody back who was deleted."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pandas as pd
import pytest
from tests import clinics

import process
from process.errors import FileMissing, FileRefused, KeyProblem, StoreProblem
from process.measures.publishing import publish as publish_with_estimates
from process.store import backup, choose, current, deletions, doctor, folder, generations, publish, restoring, roll_back, unlocking
from process.store.generation import pointed_to
from process.store.restoring import restore

ASKED = ("lengths", "endings", "attainment_curve", "alliance_by_session", "rupture_against_like_sessions", "active_courses", "outcome_change")


pytestmark = pytest.mark.usefixtures("own_keys")


def answers(store: Path) -> dict[str, str]:
    """Every figure of several measures of a store, as they are asked; to nine places, because threads add up in no fixed order."""

    def rounded(frame: pd.DataFrame) -> str:
        return frame.assign(**frame.select_dtypes("number").round(9)).to_csv()

    clinic = process.open(store)
    found = {name: clinic.ask(name) for name in ASKED}
    clinic.records.engine.close()
    return {name: rounded(answer.table) + rounded(answer.headlines) + json.dumps(answer.notes, default=str, sort_keys=True) for name, answer in found.items()}


def members(file: Path) -> list[str]:
    with tarfile.open(file) as archive:
        return archive.getnames()


@pytest.mark.encryption
def test_a_restored_store_answers_as_the_one_that_was_backed_up(tmp_path):
    store = tmp_path / "store"
    publish_with_estimates(store, clinics.demo(150, 8), key=choose(store, "real").key)
    before = answers(store)

    backup.back_up(store, tmp_path / "copy.tar")
    publish_with_estimates(store, clinics.demo(40, 4))
    assert answers(store) != before
    new = restore(tmp_path / "copy.tar", tmp_path / "new")
    there = restore(tmp_path / "copy.tar", store)

    assert answers(tmp_path / "new") == before == answers(store)
    assert new.new and not there.new and there.generation.manifest["about"]["restored_from"] == new.generation.name
    assert doctor.examine(tmp_path / "new") == [] == doctor.examine(store)
    assert roll_back(store).manifest["counts"]["courses"] == 40


@pytest.mark.encryption
def test_an_encrypted_store_stays_encrypted_and_the_key_is_not_in_the_backup(tmp_path, records):
    store = tmp_path / "store"
    publish(store, records(2), key=choose(store, "real").key)
    secret = current(store).key().secret
    backup.back_up(store, tmp_path / "copy.tar")

    content = (tmp_path / "copy.tar").read_bytes()
    assert b"Clinic A" not in content and secret not in content and secret.hex().encode() not in content
    clinics.put_down_keys()
    next((tmp_path / "config").rglob("*.key")).unlink()
    with pytest.raises(KeyProblem, match="is not here"):
        restore(tmp_path / "copy.tar", tmp_path / "new")
    assert not (tmp_path / "new" / "current").exists()


@pytest.mark.encryption
def test_a_backup_becomes_a_generation_in_the_encryption_of_the_store_it_is_put_into(tmp_path, records):
    sealed, clear = tmp_path / "sealed", tmp_path / "clear"
    publish(sealed, records(2), key=choose(sealed, "real").key)
    publish(clear, records(3))
    backup.back_up(sealed, tmp_path / "sealed.tar")
    backup.back_up(clear, tmp_path / "clear.tar")

    assert restore(tmp_path / "clear.tar", sealed).generation.key() == unlocking.key_of(unlocking.described(unlocking.identity(sealed)), "store")
    assert restore(tmp_path / "sealed.tar", clear).generation.manifest["encryption"] is None
    assert [current(store).manifest["counts"]["courses"] for store in (sealed, clear)] == [3, 2]
    assert doctor.examine(sealed) == [] == doctor.examine(clear)


def test_everything_that_belongs_to_a_store_is_in_it_and_comes_back(tmp_path, store):
    (store / "policy.toml").write_text("generations_kept = 2\n")
    (store / "forgotten.jsonl").write_text('{"patient": "P23456", "when": "2026-01-01"}\n')
    (store / "generations" / ".building-g000009-aaaaaa.duckdb").write_bytes(b"cut")

    backup.back_up(store, tmp_path / "one.tar")
    made = backup.back_up(store, tmp_path / "all.tar", every=True)
    restored = restore(tmp_path / "all.tar", tmp_path / "new")

    names = generations(store)
    assert made.generations == names == generations(tmp_path / "new") and restored.forgotten == 1
    assert members(tmp_path / "all.tar")[0] == "contents.json" and not any("building" in name for name in members(tmp_path / "all.tar"))
    assert {"store.json", "policy.toml", "forgotten.jsonl", "journal.jsonl"} <= set(members(tmp_path / "one.tar"))
    assert len(members(tmp_path / "one.tar")) == len(members(tmp_path / "all.tar")) - 2
    for name in ("policy.toml", "forgotten.jsonl"):
        assert (tmp_path / "new" / name).read_text() == (store / name).read_text()
    assert (tmp_path / "all.tar").stat().st_mode & 0o777 == 0o600
    assert publish(tmp_path / "new", clinics.counted(("t", 1, 1))).name.startswith("g000003")


def test_the_lists_of_deletions_are_put_together_and_none_is_lost(tmp_path, store):
    def line(code: str) -> str:
        return json.dumps({"patient": code, "when": "2026-01-01"}) + "\n"

    (store / "forgotten.jsonl").write_text(line("P1"))
    backup.back_up(store, tmp_path / "copy.tar")
    (store / "forgotten.jsonl").write_text(line("P1") + line("P2"))
    (tmp_path / "saved.jsonl").write_text(line("P3"))

    assert restore(tmp_path / "copy.tar", store).forgotten == 2
    assert restore(tmp_path / "copy.tar", tmp_path / "new", tmp_path / "saved.jsonl").forgotten == 2
    assert (tmp_path / "new" / "forgotten.jsonl").read_text() == line("P1") + line("P3")
    with pytest.raises(FileMissing):
        restore(tmp_path / "copy.tar", tmp_path / "other", tmp_path / "nowhere.jsonl")


def test_nothing_is_served_before_the_deletions_have_been_gone_through(tmp_path, store, records):
    backup.back_up(store, tmp_path / "copy.tar")
    served = publish(store, records(3)).name
    seen = []

    def replay(folder: Path) -> int:
        place = folder.parent  # the backup is aside, in the store's folder
        seen.append((pointed_to(place), generations(place)))
        return 0

    before = generations(store)
    restore(tmp_path / "copy.tar", store, replay=replay)
    restore(tmp_path / "copy.tar", tmp_path / "new", replay=replay)

    assert seen == [(served, before), (None, [])] and current(store).name != served


def test_one_changed_bit_anywhere_is_refused_and_nothing_is_restored(tmp_path, store):
    backup.back_up(store, tmp_path / "copy.tar")
    whole = (tmp_path / "copy.tar").read_bytes()
    with tarfile.open(tmp_path / "copy.tar") as archive:
        ends = [(member.offset_data, member.offset_data + member.size) for member in archive.getmembers() if member.size]

    for number, (start, end) in enumerate(ends):
        changed = bytearray(whole)
        changed[(start + end) // 2] ^= 1
        (tmp_path / "changed.tar").write_bytes(changed)
        with pytest.raises((FileRefused, StoreProblem)):
            restore(tmp_path / "changed.tar", tmp_path / f"new{number}")
        assert not (tmp_path / f"new{number}").exists(), "no half-made store is left"


def test_a_backup_that_is_cut_short_or_is_none_is_refused(tmp_path, store):
    backup.back_up(store, tmp_path / "copy.tar")
    whole = (tmp_path / "copy.tar").read_bytes()
    for number, content in enumerate((b"", b"x" * 5000, whole[:300], whole[: len(whole) // 2], whole[: len(whole) // 2 // 512 * 512])):
        (tmp_path / "bad.tar").write_bytes(content)
        with pytest.raises(FileRefused):
            restore(tmp_path / "bad.tar", tmp_path / f"new{number}")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(FileMissing):
        restore(tmp_path / "nowhere.tar", tmp_path / "in" / "a" / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def _everything(folder: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}
    return {name: content for name, content in found.items() if Path(name).name not in ("journal.jsonl", "lock")}


@pytest.mark.parametrize(
    ("there", "step"),
    [("nothing", "unpacked"), ("nothing", "whole"), ("nothing", "made_its_own"), ("empty", "verify"), ("empty", "made_its_own"), ("begun", "made_its_own")]
    + [("store", step) for step in ("unpacked", "whole", "finish", "withdraw")],
)
def test_a_restore_that_is_refused_at_any_step_leaves_nothing_or_what_was_there(tmp_path, store, records, monkeypatch, there, step):
    deletions.write(store, ['{"patient": "gone", "when": "2026-01-01T00:00:00+00:00"}'])
    backup.back_up(store, tmp_path / "copy.tar")
    place = tmp_path / "place" / "store"
    if there == "store":
        publish(place, records(3))
    elif there != "nothing":
        place.mkdir(parents=True)
    if there == "begun":  # what a load left that was refused when it was to publish its first generation
        (place / "generations").mkdir()
        (place / "lock").touch()
        deletions.write(place, ['{"patient": "other", "when": "2026-01-01T00:00:00+00:00"}'])
    before, real = _everything(tmp_path), getattr(restoring, step)

    def refuse(*arguments, **named):
        real(*arguments, **named)  # as far as it gets, and then it is refused
        raise StoreProblem("the disk is full")

    monkeypatch.setattr(restoring, step, refuse)
    with pytest.raises(StoreProblem, match="disk is full"):
        restore(tmp_path / "copy.tar", place)

    assert _everything(tmp_path) == before


def test_a_restore_that_was_refused_for_want_of_a_list_leaves_no_folder(tmp_path, store, monkeypatch):
    backup.back_up(store, tmp_path / "copy.tar")
    monkeypatch.setattr(restoring, "_refuse_unknown_deletions", lambda *known: (_ for _ in ()).throw(StoreProblem("nobody knows")))
    with pytest.raises(StoreProblem, match="nobody knows"):
        restore(tmp_path / "copy.tar", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../../outside", "/tmp/outside", "generations/../../outside", "current", "generations/g000001-aaaaaa.duckdb/../x"])
def test_a_member_that_is_not_a_stores_own_is_never_taken_out(tmp_path, store, name):
    backup.back_up(store, tmp_path / "copy.tar")
    with tarfile.open(tmp_path / "copy.tar") as archive:
        contents = json.loads(archive.extractfile("contents.json").read())
    for listed in (True, False):
        members = dict(contents["members"]) | ({name: {"bytes": 4, "sha256": "0" * 64}} if listed else {})
        with tarfile.open(tmp_path / "evil.tar", "w") as archive:
            for member, content in (("contents.json", json.dumps(contents | {"members": members}).encode()), (name, b"evil")):
                entry = tarfile.TarInfo(member)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        with pytest.raises(FileRefused):
            restore(tmp_path / "evil.tar", tmp_path / "new")
    assert not (tmp_path / "outside").exists() and not Path("/tmp/outside").exists()


def test_a_link_in_the_place_of_a_member_is_refused(tmp_path, store):
    backup.back_up(store, tmp_path / "copy.tar")
    with tarfile.open(tmp_path / "copy.tar") as archive, tarfile.open(tmp_path / "evil.tar", "w") as evil:
        for member in archive:
            if member.name == "store.json":
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
                evil.addfile(member)
            else:
                evil.addfile(member, archive.extractfile(member))
    with pytest.raises(FileRefused):
        restore(tmp_path / "evil.tar", tmp_path / "new")


def test_a_damaged_store_is_not_backed_up_and_a_backup_never_takes_anothers_place(tmp_path, store):
    (tmp_path / "copy.tar").write_text("mine")
    with pytest.raises(FileRefused, match="never takes another's place"):
        backup.back_up(store, tmp_path / "copy.tar")
    content = bytearray(current(store).path.read_bytes())
    content[len(content) // 2] ^= 1
    current(store).path.write_bytes(content)
    with pytest.raises(StoreProblem, match="nothing was backed up"):
        backup.back_up(store, tmp_path / "other.tar")
    assert sorted(path.name for path in tmp_path.glob("*.tar*")) == ["copy.tar"] and (tmp_path / "copy.tar").read_text() == "mine"


@pytest.mark.parametrize("step", ["unpacked", "finish", "withdraw", "write_whole"])
def test_a_restore_cut_short_at_any_step_leaves_what_was_served(tmp_path, store, records, monkeypatch, step):
    backup.back_up(store, tmp_path / "copy.tar")
    publish(store, records(3))

    def die(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(f"process.store.restoring.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            restore(tmp_path / "copy.tar", store)
    assert current(store).manifest["counts"]["courses"] == 3

    assert restore(tmp_path / "copy.tar", store).generation.manifest["counts"]["courses"] == 2
    assert doctor.examine(store) == []


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"members": []}', b"\xff\xfe", b'{"members": {"current": {"bytes": 1e400, "sha256": 1}}}'])
def test_contents_that_are_none_are_refused_in_words(tmp_path, content):
    with tarfile.open(tmp_path / "odd.tar", "w") as archive:
        entry = tarfile.TarInfo("contents.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(FileRefused, match="not a backup of a store"):
        restore(tmp_path / "odd.tar", tmp_path / "new")


def test_a_generation_that_is_overwritten_while_it_is_backed_up_leaves_no_backup(tmp_path, store):
    def overwritten(what: str, done: int, total: int) -> None:
        if what.startswith("writing generations") and what.endswith(".duckdb"):
            folder.destroy(store / what.split()[1])

    with pytest.raises(StoreProblem, match="was changed while the backup was written"):
        backup.back_up(store, tmp_path / "copy.tar", progress=overwritten)
    assert list(tmp_path.glob("*.tar*")) == []
