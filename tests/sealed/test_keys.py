"""Where keys are found, in which order, and what is refused; no secret is ever shown."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from process.errors import FileMissing, KeyProblem
from process.sealed import Key, find, find_or_make, keyrings, keys, made

LOOK_FOR_A_KEYRING = keyrings._backend.__wrapped__  # without what it remembers; the fixture of this folder takes its place


class Ring:
    """A keyring that keeps what it is given, and can be made to fail."""

    priority = 5.0

    def __init__(self, ask=None):
        self.kept, self.ask = {}, ask or (lambda: None)

    def get_password(self, service, name):
        self.ask()
        return self.kept.get((service, name))

    def set_password(self, service, name, line):
        self.kept[service, name] = line

    def delete_password(self, service, name):
        del self.kept[service, name]


@pytest.fixture
def ring(monkeypatch):
    def use(ask=None) -> Ring:
        one = Ring(ask)
        monkeypatch.setattr(keyrings, "_backend", lambda: one)
        return one

    return use


def written(path, secret=bytes(range(32)), mode=0o600):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(base64.b64encode(secret) + b"\n")
    path.chmod(mode)
    return path


def test_there_is_no_key_until_one_is_made_and_then_it_is_found_again(own_keys):
    assert find("store-1a2b") is None

    key = find_or_make("store-1a2b")

    assert len(key.secret) == 32 and find("store-1a2b") == key == find_or_make("store-1a2b")
    path = own_keys / "therapy-process" / "keys" / "store-1a2b.key"
    assert key.where == f"key file {path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["store-1a2b.key"]


def test_two_names_have_two_keys():
    assert find_or_make("store-1").secret != find_or_make("codes-1").secret


def test_a_key_shows_its_secret_to_nobody():
    key = find_or_make("store-1")

    shown = f"{key!r} {key} {key.fingerprint}"

    assert base64.b64encode(key.secret).decode() not in shown and key.secret.hex() not in shown and repr(key.secret) not in shown
    assert key.fingerprint == Key("other", key.secret, "elsewhere").fingerprint != find_or_make("store-2").fingerprint


def test_a_named_file_comes_before_the_environment_and_that_before_the_keyring_and_that_before_the_users_folder(tmp_path, monkeypatch, ring):
    own = find_or_make("store-1")
    kept = ring()
    assert find("store-1") == own
    made_in_ring = bytes([3]) * 32
    kept.kept["therapy-process", "store-1"] = base64.b64encode(made_in_ring).decode()
    assert find("store-1").secret == made_in_ring and "keyring" in find("store-1").where
    monkeypatch.setenv("THERAPY_PROCESS_KEY_FILE", str(written(tmp_path / "by-environment", bytes([2]) * 32)))
    assert find("store-1").secret == bytes([2]) * 32
    assert find("store-1", written(tmp_path / "named", bytes([1]) * 32)).secret == bytes([1]) * 32


def test_the_environment_has_one_variable_for_stores_and_one_for_codes(tmp_path, monkeypatch):
    monkeypatch.setenv("THERAPY_PROCESS_KEY_FILE", str(written(tmp_path / "store", bytes([1]) * 32)))
    monkeypatch.setenv("THERAPY_PROCESS_CODES_KEY_FILE", str(written(tmp_path / "codes", bytes([2]) * 32)))

    assert find("store-9").secret == bytes([1]) * 32
    assert find("codes-9").secret == bytes([2]) * 32


def test_a_named_file_that_is_missing_is_refused_when_a_key_is_needed_and_made_when_one_may_be(tmp_path):
    with pytest.raises(FileMissing, match="There is no key file"):
        find("store-1", tmp_path / "new.key")

    key = find_or_make("store-1", tmp_path / "new.key")

    assert find("store-1", tmp_path / "new.key") == key
    assert stat.S_IMODE((tmp_path / "new.key").stat().st_mode) == 0o600
    assert find("store-1") is None, "a key in a named file is nowhere else"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused_with_the_next_step(tmp_path, mode):
    path = written(tmp_path / "k", mode=mode)

    with pytest.raises(KeyProblem, match="can be read by others than its owner.*chmod 600"):
        find("store-1", path)
    assert stat.S_IMODE(path.stat().st_mode) == mode, "not tightened in silence"


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=\n", base64.b64encode(bytes(31)), base64.b64encode(bytes(33)), b"not base64 \xff", bytes(32)])
def test_a_file_that_holds_no_key_is_refused_and_not_repeated(tmp_path, content):
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(KeyProblem, match="does not hold a key") as refused:
        find("store-1", path)
    assert "c2hvcnQ" not in str(refused.value) and "base64" in str(refused.value)


def test_a_folder_is_no_key_file(tmp_path):
    with pytest.raises(KeyProblem, match="key file"):
        find("store-1", tmp_path)


def test_the_key_openssl_writes_is_a_key(tmp_path):
    path = tmp_path / "k"
    path.write_bytes(subprocess.run(["openssl", "rand", "-base64", "32"], check=True, capture_output=True).stdout)
    path.chmod(0o600)

    assert len(find("store-1", path).secret) == 32


def test_a_real_keyring_keeps_a_new_key_and_gives_it_back(ring, own_keys):
    kept = ring()

    key = find_or_make("codes-1")

    assert find("codes-1") == key and "keyring" in key.where
    assert list(kept.kept) == [("therapy-process", "codes-1")] and not own_keys.exists()
    assert keys.remove(key) and find("codes-1") is None


def test_a_keyring_that_does_not_answer_is_not_waited_for(ring, monkeypatch):
    monkeypatch.setattr(keyrings, "SECONDS", 0.1)
    ring(lambda: time.sleep(5))

    with pytest.raises(KeyProblem, match="did not answer.*name a file"):
        find("store-1")


def test_a_keyring_that_fails_is_told_without_its_words(ring):
    def locked():
        raise RuntimeError("SECRET words of the keyring")

    ring(locked)

    with pytest.raises(KeyProblem, match="it failed \\(RuntimeError\\)") as told:
        find("store-1")
    assert "SECRET" not in str(told.value)


def test_a_keyring_that_forgets_is_refused_before_anything_is_sealed(ring):
    kept = ring()
    kept.set_password = lambda service, name, line: None

    with pytest.raises(KeyProblem, match="did not keep the key"):
        made("store-1")


@pytest.mark.parametrize("backend", ["fail", "null"])
def test_a_backend_that_fails_or_forgets_is_no_keyring(backend):
    """In a process of its own, because `keyring` decides once."""
    code = "from process.sealed import keyrings; print(repr(keyrings.where()))"
    environment = os.environ | {"PYTHON_KEYRING_BACKEND": f"keyring.backends.{backend}.Keyring"}

    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30)

    assert ended.stdout.strip() == "''", ended.stderr


def test_of_ten_that_make_the_same_key_at_once_all_have_the_same():
    with ThreadPoolExecutor(10) as many:
        found = list(many.map(lambda _: find_or_make("store-1").secret, range(10)))

    assert len(set(found)) == 1 and find("store-1").secret == found[0]


def test_a_key_in_the_users_folder_is_removed_and_one_in_a_named_file_is_left(tmp_path):
    own, named = find_or_make("store-1"), find_or_make("store-2", tmp_path / "named")

    assert keys.remove(own) and find("store-1") is None
    assert not keys.remove(named) and (tmp_path / "named").exists()


def test_a_keyring_that_cannot_even_be_looked_for_is_none(monkeypatch):
    monkeypatch.setattr(keyrings, "SECONDS", 0.1)
    for found in (lambda: time.sleep(5), lambda: 1 / 0):
        monkeypatch.setattr(keyrings, "_recommended", found)
        assert LOOK_FOR_A_KEYRING() is None
