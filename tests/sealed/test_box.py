"""A sealed box opens with its key and for its purpose alone, and tells every change."""

from __future__ import annotations

import stat

import pytest

from process.errors import FileMissing, KeyProblem, StoreProblem
from process.sealed import Key, read_sealed, seal, unseal, write_sealed
from process.sealed.whole import ASIDE, sweep

KEY, OTHER = Key("codes-1", bytes(range(32)), "a test"), Key("codes-1", bytes(32), "another test")
WORDS = b"local code of a patient " * 20


def test_what_was_sealed_is_what_comes_out():
    for data in (b"", b"x", WORDS, bytes(100_000)):
        assert unseal(seal(data, KEY, "codes"), KEY, "codes") == data


def test_nothing_of_what_was_sealed_can_be_read_and_no_two_boxes_are_alike():
    one, two = seal(WORDS, KEY, "codes"), seal(WORDS, KEY, "codes")

    assert WORDS[:12] not in one and one != two and one[28:] != two[28:]
    assert KEY.secret not in one


def test_another_key_is_told_apart_from_damage():
    with pytest.raises(KeyProblem, match="sealed with another key .*than that in another test"):
        unseal(seal(WORDS, KEY, "codes"), OTHER, "codes")


def test_a_box_for_one_purpose_does_not_open_for_another():
    with pytest.raises(StoreProblem, match="not what it is taken for"):
        unseal(seal(WORDS, KEY, "codes"), KEY, "sheet")


def test_every_flipped_bit_is_told():
    box = seal(b"ten bytes.", KEY, "codes")

    for place in range(len(box) * 8):
        spoilt = bytearray(box)
        spoilt[place // 8] ^= 1 << place % 8
        with pytest.raises((KeyProblem, StoreProblem)):
            unseal(bytes(spoilt), KEY, "codes")


def test_every_truncation_and_every_addition_is_told():
    box = seal(b"ten bytes.", KEY, "codes")

    for spoilt in [box[:size] for size in range(len(box))] + [box + b"\0", b"\0" + box]:
        with pytest.raises((KeyProblem, StoreProblem)):
            unseal(spoilt, KEY, "codes")


def test_a_message_names_the_file_and_never_the_key(tmp_path):
    write_sealed(tmp_path / "codes.sealed", WORDS, KEY, "codes")
    (tmp_path / "codes.sealed").write_bytes((tmp_path / "codes.sealed").read_bytes()[:-1])

    with pytest.raises(StoreProblem, match="codes.sealed is damaged") as told:
        read_sealed(tmp_path / "codes.sealed", KEY, "codes")
    assert KEY.secret.hex() not in str(told.value)


def test_a_sealed_file_is_its_owners_alone_and_written_whole(tmp_path):
    path = tmp_path / "codes.sealed"
    write_sealed(path, WORDS, KEY, "codes")
    write_sealed(path, b"later", KEY, "codes")

    assert read_sealed(path, KEY, "codes") == b"later"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and list(tmp_path.iterdir()) == [path]


def test_writing_that_fails_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "codes.sealed"
    write_sealed(path, WORDS, KEY, "codes")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("process.sealed.whole.os.fsync", full)
    with pytest.raises(StoreProblem, match="No space left"):
        write_sealed(path, b"later", KEY, "codes")
    assert read_sealed(path, KEY, "codes") == WORDS and list(tmp_path.iterdir()) == [path]


def test_what_an_interrupted_command_left_is_swept(tmp_path):
    (tmp_path / f"{ASIDE}1a2b").write_bytes(b"cut")
    write_sealed(tmp_path / "codes.sealed", WORDS, KEY, "codes")

    sweep(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["codes.sealed"]


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FileMissing, match="There is no file"):
        read_sealed(tmp_path / "nowhere", KEY, "codes")
