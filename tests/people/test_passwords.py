"""What may be a password, and how it is kept."""

from __future__ import annotations

import pytest
from argon2 import extract_parameters

from process.errors import SettingWrong
from process.people import passwords


@pytest.mark.parametrize(
    "password", ["correct horse battery", "twelve chars", "ä" * 6 + "öüßéñç", "a b c d e f g", "!" * 4 + "abcdefgh", "日本語の合言葉は長い方が良い"]
)
def test_a_long_enough_password_of_any_kind_is_taken(password):
    assert passwords.fits(passwords.hashed(password, "dora"), password)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "at least 12"),
        ("eleven char", "at least 12"),
        ("ﬃ" * 3, "at least 12"),
        ("x" * 257, "at most 256"),
        ("ä" * 129, "at most 256"),
        ("correct horse\nbattery", "no line breaks"),
        ("correct horse\0battery", "no line breaks"),
        ("aaaaaaaaaaaaaaaa", "guessed first"),
        ("abababababababab", "guessed first"),
        ("dora.mint dora.mint", "guessed first"),
        ("Dora.Mint2026", "guessed first"),
    ],
)
def test_another_is_refused_and_not_repeated(password, why):
    with pytest.raises(SettingWrong, match=why) as refusal:
        passwords.hashed(password, "dora.mint")
    assert not password or password not in str(refusal.value)


def test_a_short_password_by_ligatures_counts_what_they_stand_for():
    assert passwords.hashed("ﬃ" * 2 + "abcdefgh")  # 6 letters and 8


def test_two_hashes_of_one_password_differ():
    assert passwords.hashed("correct horse battery") != passwords.hashed("correct horse battery")


def test_the_parameters_are_those_of_rfc_9106_for_little_memory(monkeypatch):
    monkeypatch.undo()  # the cheap hasher of these tests

    found = extract_parameters(passwords.hashed("correct horse battery"))

    assert (found.type.name, found.memory_cost, found.time_cost, found.parallelism, found.salt_len, found.hash_len) == ("ID", 65536, 3, 4, 16, 32)
