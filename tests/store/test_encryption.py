"""An encrypted store: nothing of it can be read without its key, whatever is lying about, and everything works with it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from tests import clinics

from process import sealed, store
from process.errors import KeyProblem, SettingWrong, StoreProblem
from process.store import DuckDBEngine, build, current, encryption, publish, unlocking

MARKER = "qzxmarker"


pytestmark = pytest.mark.usefixtures("own_keys")


@pytest.fixture
def marked(records):
    """Records that hold the marker in every code."""

    def make(courses: int = 2) -> dict[str, pd.DataFrame]:
        made = records(courses)
        made["manifest"]["clinic"] = f"{MARKER} clinic"
        for table in ("courses", "sessions"):
            for column in ("course_id", "patient_id", "therapist_id"):
                if column in made[table]:
                    made[table][column] = MARKER + made[table][column]
        return made

    return make


def encrypted(folder: Path, records) -> store.Generation:
    return publish(folder, records, key=store.choose(folder, "real").key)


def readable(folder: Path, text: str) -> list[str]:
    """The files under a folder that hold a text as it is, or as UTF-16."""
    forms = (text.encode(), text.encode("utf-16-le"))
    return [path.name for path in folder.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in forms)]


@pytest.mark.encryption
def test_a_new_store_of_real_records_is_encrypted_and_a_simulated_one_is_not(tmp_path):
    chosen = store.choose(tmp_path / "new", "real")

    assert chosen.made and chosen.key.where in chosen.told and "copy of the key" in chosen.told
    assert store.choose(tmp_path / "other", "simulated") == store.choose(tmp_path / "other", "real", unencrypted=True) == store.Chosen(None)
    assert store.choose(tmp_path / "other", "simulated", key=tmp_path / "my.key").key is not None and (tmp_path / "my.key").is_file()
    assert not (tmp_path / "new").exists()  # nothing is written before files have been checked


@pytest.mark.encryption
def test_nothing_of_an_encrypted_store_can_be_read_and_the_same_store_in_the_clear_could(tmp_path, marked):
    encrypted(tmp_path / "sealed", marked(50))
    publish(tmp_path / "clear", marked(50))

    assert readable(tmp_path / "sealed", MARKER) == [] and readable(tmp_path / "sealed", "2026-03-31") == []
    assert len(readable(tmp_path / "clear", MARKER)) == 2
    with DuckDBEngine.open(current(tmp_path / "sealed")) as engine:
        assert engine.query("select count(*) as n from courses where course_id like $m", m=f"{MARKER}%")["n"].tolist() == [50]
    assert current(tmp_path / "sealed").manifest["clinic"] == f"{MARKER} clinic"


@pytest.mark.encryption
def test_the_key_is_in_no_file_of_the_store_and_in_nothing_that_can_be_asked(tmp_path, marked):
    generation = encrypted(tmp_path / "store", marked())
    secret = generation.key().secret

    for path in (tmp_path / "store").rglob("*"):
        assert path.is_dir() or not any(form in path.read_bytes() for form in (secret, secret.hex().encode(), secret[:16]))
    with DuckDBEngine.open(generation) as engine:
        for asked in ("duckdb_settings()", "duckdb_databases()"):
            assert secret.hex()[:20] not in engine.query(f"select * from {asked}").to_csv()
    assert secret.hex()[:20] not in repr(generation) + repr(generation.key())


@pytest.mark.encryption
def test_without_the_key_or_with_another_one_a_store_says_which_it_needs(tmp_path, marked, monkeypatch):
    generation = encrypted(tmp_path / "store", marked())
    key = generation.key()
    place = next((tmp_path / "config").rglob("*.key"))
    clinics.put_down_keys()

    place.rename(tmp_path / "kept.key")
    with pytest.raises(KeyProblem, match=f"`{key.name}`.*{key.fingerprint}.*is not here.*--key FILE"):
        current(tmp_path / "store")
    monkeypatch.setenv("THERAPY_PROCESS_KEY_FILE", str(tmp_path / "other.key"))
    other = sealed.made("store-named", tmp_path / "other.key")
    with pytest.raises(KeyProblem, match=f"is another \\(fingerprint {other.fingerprint}\\)"):
        current(tmp_path / "store")
    with pytest.raises(KeyProblem):
        publish(tmp_path / "store", marked())

    unlocking.hand_in_file(tmp_path / "kept.key")
    with DuckDBEngine.open(current(tmp_path / "store")) as engine:
        assert engine.query("select count(*) as n from courses")["n"].tolist() == [2]


@pytest.mark.encryption
def test_a_wrong_key_never_opens_a_file(tmp_path, marked):
    generation = encrypted(tmp_path / "store", marked())

    with pytest.raises(KeyProblem, match="encrypted with another key"):
        encryption.reading(generation.path, sealed.made("store-named", tmp_path / "other.key"))


@pytest.mark.encryption
def test_later_loads_keep_to_what_the_store_is(tmp_path, marked):
    first = encrypted(tmp_path / "sealed", marked())
    publish(tmp_path / "clear", marked())

    again = store.choose(tmp_path / "sealed", "simulated")
    assert again.key == first.key() and not again.made and again.told == ""
    assert publish(tmp_path / "sealed", marked(3)).manifest["encryption"] == first.manifest["encryption"]
    assert store.choose(tmp_path / "clear", "simulated") == store.choose(tmp_path / "clear", "real", unencrypted=True) == store.Chosen(None)
    with pytest.raises(SettingWrong, match="first real records.*key rotate"):
        store.choose(tmp_path / "clear", "real")
    for wrong in ({"unencrypted": True},):
        with pytest.raises(SettingWrong, match="key rotate"):
            store.choose(tmp_path / "sealed", "real", **wrong)
    with pytest.raises(SettingWrong, match="key rotate"):
        store.choose(tmp_path / "clear", "real", key=tmp_path / "k")
    with pytest.raises(SettingWrong, match="key rotate"):
        publish(tmp_path / "clear", marked(), key=first.key())
    with pytest.raises(SettingWrong, match="cannot both"):
        store.choose(tmp_path / "x", "real", key="keyring", unencrypted=True)


@pytest.mark.encryption
def test_what_is_spilled_while_a_generation_is_built_cannot_be_read_either(tmp_path, monkeypatch):
    """The connection that a build uses, made to spill; without encryption the same spill is full of markers, so the watch works."""

    def spilled(key) -> list[bool]:
        path = tmp_path / f"file{key is not None}.duckdb"
        found, stop = [], threading.Event()

        def watch() -> None:
            while not stop.is_set():
                for one in tmp_path.glob(f"{path.name}.tmp/*"):
                    try:
                        found.append(MARKER.encode() in one.read_bytes())
                    except OSError:
                        pass
                time.sleep(0.005)

        watching = threading.Thread(target=watch)
        watching.start()
        connection = encryption.writing(path, key)
        try:
            connection.execute("set memory_limit = '60MB'")
            connection.execute("set threads = 1")
            connection.execute(f"create table wide as select '{MARKER}' || i || '-' || j as a from range(200000) r(i), range(8) s(j) order by hash(i + j), a")
        finally:
            connection.close()
            stop.set()
            watching.join()
        return found

    clear, closed = spilled(None), spilled(sealed.made("store-named", tmp_path / "k"))
    assert any(clear) and closed and not any(closed)


@pytest.mark.encryption
def test_a_load_killed_in_the_middle_leaves_nothing_readable(tmp_path, marked, monkeypatch):
    encrypted(tmp_path / "store", marked())

    def killed(*arguments, **named):
        build.build(*arguments, **named)
        (tmp_path / "left").mkdir()
        for path in (tmp_path / "store" / "generations").iterdir():
            (tmp_path / "left" / path.name).write_bytes(path.read_bytes())
        raise KeyboardInterrupt

    monkeypatch.setattr("process.store.publishing.build", killed)
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path / "store", marked(300))

    assert any(path.name.startswith(".building-") for path in (tmp_path / "left").iterdir()) and readable(tmp_path / "left", MARKER) == []


def test_without_the_extension_a_store_of_real_records_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(encryption, "EXTENSION", "no_such_package_here")

    with pytest.raises(StoreProblem, match=r"pip install 'therapy-process\[encryption\]'.*--unencrypted"):
        store.choose(tmp_path / "store", "real")
    assert store.choose(tmp_path / "store", "real", unencrypted=True).key is None
    assert not (tmp_path / "store").exists() and not (tmp_path / "config").exists()


@pytest.mark.encryption
def test_reading_an_encrypted_store_needs_no_extension(tmp_path, marked, monkeypatch):
    encrypted(tmp_path / "store", marked())
    monkeypatch.setattr(encryption, "EXTENSION", "no_such_package_here")

    with DuckDBEngine.open(current(tmp_path / "store")) as engine:
        assert engine.query("select count(*) as n from sessions")["n"].tolist() == [6]
    with pytest.raises(StoreProblem, match="cannot be written here"):
        publish(tmp_path / "store", marked())
    assert len(store.generations(tmp_path / "store")) == 1


@pytest.mark.encryption
def test_store_json_names_the_key_and_never_holds_it(tmp_path, marked):
    generation = encrypted(tmp_path / "store", marked())

    found = json.loads((tmp_path / "store" / "store.json").read_text())
    assert found == {
        "id": found["id"],
        "encrypted": True,
        "key": {"name": f"store-{found['id']}", "fingerprint": generation.key().fingerprint},
    }


def test_where_there_is_no_keyring_a_key_in_it_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("process.store.encryption.keyrings.where", lambda: "")

    with pytest.raises(KeyProblem, match="no keyring.*--key FILE"):
        store.choose(tmp_path / "store", "real", key="keyring")
