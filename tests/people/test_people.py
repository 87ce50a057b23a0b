"""Who is let in and as whom: the server's own table, read again whenever it changed, and nobody where it cannot be read."""

from __future__ import annotations

import os
import stat
import threading
import time

import pytest
from argon2 import PasswordHasher
from tests.people.conftest import PASSWORD

from process.access import Viewer
from process.errors import NotAllowed
from process.people import MadeUp, People, TableUnreadable, passwords, table
from process.people.people import CLOSED, NOT_SIGNED_IN, WRONG

NOBODY = ["", "guest", "Guest", "GUEST", "nobody", "anonymous", "eve", "dor", "dora ", " dora", "Dora", "dora\n", "dora\0", "ｄora", "../dora"]
NOBODY += [None, 0, b"dora", ["dora"]]  # type: ignore[list-item]


def test_a_person_is_looked_up_with_role_and_courses(people):
    assert people.viewer("dora") == Viewer("dora", "director", None, "Dora Mint")
    assert people.viewer("tess@clinic.example") == Viewer("tess@clinic.example", "therapist", "T1", "Tess O'Hara")
    assert people.viewer("sue").scope == ("T1", "T2", "T3")


@pytest.mark.parametrize("user", [*NOBODY, "gone"], ids=repr)
def test_anybody_else_is_denied(people, user):
    for question in (people.viewer, people.epoch):
        with pytest.raises(NotAllowed) as refusal:
            question(user)
        assert str(refusal.value) == NOT_SIGNED_IN
    with pytest.raises(NotAllowed) as refusal:
        people.sign_in(user, PASSWORD)
    assert str(refusal.value) == WRONG


def test_guest_is_denied_although_somebody_wrote_the_name_into_the_file(people, file):
    file.write_text(file.read_text() + '\n[people.guest]\nrole = "director"\n')

    for user in ("guest", "dora"):
        with pytest.raises(NotAllowed, match=CLOSED):
            people.viewer(user)


def test_names_of_staff_are_those_within_ones_scope(people):
    assert dict(people.viewer("dora").names) == {"T1": "Tess O'Hara", "T2": "Sue", "T3": "Tim"}
    assert dict(people.viewer("sue").names) == {"T1": "Tess O'Hara", "T2": "Sue", "T3": "Tim"}
    assert dict(people.viewer("tess@clinic.example").names) == {"T1": "Tess O'Hara"}


@pytest.mark.parametrize(
    ("user", "values"),
    [
        ("dora", {"role": "supervisor"}),
        ("dora", {"disabled": True}),
        ("sue", {"supervises": ("T1",)}),
        ("sue", {"therapist": ""}),
        ("tess@clinic.example", {"therapist": "T9"}),
        ("dora", {"password": "$argon2id$other"}),
    ],
    ids=str,
)
def test_what_changes_is_seen_at_the_next_question_and_ends_what_was_signed_in(people, change, user, values):
    before, epoch = people.viewer(user), people.epoch(user)

    change(user, **values)

    if values.get("disabled"):
        with pytest.raises(NotAllowed):
            people.epoch(user)
        change(user, disabled=False)  # enabled again, and the session from before stays ended
    else:
        assert people.viewer(user) != before or "password" in values
    assert people.epoch(user) != epoch


def test_somebody_who_is_removed_and_added_again_is_somebody_else(people, file, change):
    epoch = people.epoch("sue")
    with table.changing(file) as found:
        sue = found.pop("sue")
    with pytest.raises(NotAllowed):
        people.viewer("sue")
    with table.changing(file) as found:
        found["sue"] = sue
    change("sue", since="2027-01-01T00:00:00.000000+00:00", changed=sue.changed)

    assert people.epoch("sue") != epoch


def test_another_name_or_another_person_ends_nothing(people, change):
    epoch = people.epoch("dora")
    from process.people.person import Person

    change("sue", supervises=("T1",))
    with table.changing(people.file) as found:
        found["dora"] = Person(**{**vars(found["dora"]), "name": "Dora Peppermint"})

    assert people.epoch("dora") == epoch and people.viewer("dora").name == "Dora Peppermint"


def test_a_table_changed_by_hand_within_the_same_second_is_read_again(people, file):
    people.viewer("dora")
    found = file.read_text()
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)

    file.write_text(found.replace('role = "director"', 'role = "direktor"'))  # of the same size
    os.utime(file, ns=times)

    with pytest.raises(NotAllowed, match=CLOSED):
        people.viewer("dora")


BROKEN = {
    "not TOML": lambda file: file.write_text("[people.dora"),
    "empty bytes": lambda file: file.write_bytes(b"\0\0"),
    "missing": lambda file: file.unlink(),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "readable by others": lambda file: file.chmod(0o644),
    "writable by a group": lambda file: file.chmod(0o620),
    "an unknown key": lambda file: file.write_text('[people.dora]\nrole = "director"\nrolle = "director"\n'),
    "a role of a wrong kind": lambda file: file.write_text("[people.dora]\nrole = 1\n"),
    "an unknown role": lambda file: file.write_text('[people.dora]\nrole = "admin"\n'),
    "the analyst's role": lambda file: file.write_text('[people.dora]\nrole = "analyst"\n'),
    "no role": lambda file: file.write_text('[people.dora]\nname = "D"\n'),
    "a therapist without courses": lambda file: file.write_text('[people.dora]\nrole = "therapist"\n'),
    "a director with courses": lambda file: file.write_text('[people.dora]\nrole = "director"\ntherapist = "T1"\n'),
    "a code with a bar": lambda file: file.write_text('[people.dora]\nrole = "therapist"\ntherapist = "T1|T2"\n'),
    "supervisees as a text": lambda file: file.write_text('[people.dora]\nrole = "supervisor"\nsupervises = "T1"\n'),
    "disabled as a text": lambda file: file.write_text('[people.dora]\nrole = "director"\ndisabled = "false"\n'),
    "a password in plain text": lambda file: file.write_text('[people.dora]\nrole = "director"\npassword = "secret"\n'),
    "markup in a name": lambda file: file.write_text('[people.dora]\nrole = "director"\nname = "<b>"\n'),
    "two spellings of one user": lambda file: file.write_text('[people.dora]\nrole = "director"\n[people.Dora]\nrole = "director"\n'),
    "something beside people": lambda file: file.write_text('admin = "dora"\n[people.dora]\nrole = "director"\n'),
    "too large": lambda file: file.write_text("#" * (table.LARGEST + 1)),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_table_denies_everybody_with_one_line_in_the_log_until_it_is_mended(people, file, lines, how):
    content = file.read_bytes()
    assert people.viewer("dora") and people.count() == 3 and not people.problem()

    BROKEN[how](file)

    for _ in range(3):
        for user in ("dora", "sue", "eve"):
            with pytest.raises(NotAllowed, match=CLOSED):
                people.viewer(user)
    assert len(lines) == 1 and str(file) in lines[0] and "Nobody is let in" in lines[0] and people.problem() in lines[0] and people.count() == 0
    assert not [found for found in ("secret", "$argon2", "T1", "Mint", "<b>") if found in lines[0]]

    if file.is_dir():
        file.rmdir()
    file.write_bytes(content)
    file.chmod(0o600)
    assert people.viewer("dora") and len(lines) == 2 and "can be read again" in lines[1]


def test_a_table_that_is_not_there_yet_lets_nobody_in(tmp_path, lines):
    people = People(tmp_path / "nowhere" / "people.toml", lines.append)

    with pytest.raises(NotAllowed):
        people.sign_in("dora", PASSWORD)
    assert people.count() == 0 and len(lines) == 1


def test_the_table_is_the_owners_alone_and_written_whole(file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    before = file.stat().st_ino
    with table.changing(file):
        pass
    assert file.stat().st_ino == before
    with pytest.raises(RuntimeError), table.changing(file) as found:
        del found["dora"]
        raise RuntimeError
    assert "dora" in table.read(file)
    assert table.read(file) == {person.user: person for person in table.read(file).values()}
    assert table.written(table.read(file).values()) == file.read_text()


def test_two_changes_at_once_are_both_kept(file):
    def rename(user, times):
        for _ in range(times):
            with table.changing(file) as found:
                found[user] = type(found[user])(**{**vars(found[user]), "name": found[user].name + "x"})

    threads = [threading.Thread(target=rename, args=(user, 15)) for user in ("dora", "sue", "tim")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [table.read(file)[user].name for user in ("dora", "sue", "tim")] == ["Dora Mint" + "x" * 15, "Sue" + "x" * 15, "Tim" + "x" * 15]


def test_the_right_password_signs_in(people):
    assert people.sign_in("dora", PASSWORD) == people.viewer("dora")
    assert people.sign_in("tess@clinic.example", PASSWORD).scope == ("T1",)


@pytest.mark.parametrize(
    "password",
    ["", "correct horse batterx", PASSWORD + " ", PASSWORD.upper(), "x" * 100_000, PASSWORD + "x" * 300, None, 5, b"x" * 20, "\ud800" * 20],
    ids=lambda p: repr(p)[:20],
)
def test_any_other_password_does_not(people, password):
    with pytest.raises(NotAllowed, match=WRONG):
        people.sign_in("dora", password)


@pytest.mark.parametrize("password", [PASSWORD, "", "$argon2id$"])
def test_somebody_without_a_password_never_signs_in_with_one(people, password):
    with pytest.raises(NotAllowed, match=WRONG):
        people.sign_in("sue", password)


def test_a_password_is_the_same_however_it_was_typed(people, change):
    change("dora", password=passwords.hashed("Grüße an alle ½"))

    assert people.sign_in("dora", "Gru\u0308ße an alle ½") == people.sign_in("dora", "Grüße an alle 1\u20442")


def test_a_hash_with_earlier_parameters_is_made_anew_when_it_fits(people, change, file):
    earlier = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash(PASSWORD.encode())
    change("dora", password=earlier)

    with pytest.raises(NotAllowed):
        people.sign_in("dora", "something else")
    assert table.read(file)["dora"].password == earlier
    people.sign_in("dora", PASSWORD)

    renewed = table.read(file)["dora"].password
    assert renewed != earlier and not passwords.outdated(renewed) and people.sign_in("dora", PASSWORD)


def test_an_unknown_user_takes_as_long_as_a_wrong_password(people, monkeypatch, change):
    slow = PasswordHasher(time_cost=2, memory_cost=16384, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", slow)
    passwords._nobodys.cache_clear()
    passwords.prepare()
    change("dora", password=passwords.hashed(PASSWORD))
    change("gone", password=passwords.hashed(PASSWORD))

    def taken(user, password="not the password"):
        people._attempts.forget(user)
        begun = time.process_time()
        with pytest.raises(NotAllowed):
            people.sign_in(user, password)
        return time.process_time() - begun

    cases = {user: min(taken(user) for _ in range(4)) for user in ("dora", "eve", "sue", "gone", "guest", "")}
    cases["too long"] = min(taken("dora", "x" * 999) for _ in range(4))

    assert min(cases.values()) > 0.6 * max(cases.values()), cases


def test_made_up_people_have_the_same_questions_and_no_password():
    made_up = MadeUp({"dora": Viewer("dora", "director")})

    epoch = made_up.epoch("dora")
    assert made_up.viewer("dora").role == "director" and epoch == made_up.epoch("dora")
    for user in ("eve", None, ["dora"]):
        with pytest.raises(NotAllowed):
            made_up.viewer(user)
    with pytest.raises(NotAllowed):
        made_up.sign_in("dora", "")
    made_up.viewers["dora"] = Viewer("dora", "supervisor", supervises=("T1",))
    assert made_up.epoch("dora") != epoch
    del made_up.viewers["dora"]
    with pytest.raises(NotAllowed):
        made_up.epoch("dora")


def test_a_verified_password_comes_with_the_entry_that_it_was_verified_against(people, change, monkeypatch):
    before = people.epoch("dora")
    assert people.verified("dora", PASSWORD) == (people.viewer("dora"), before)

    monkeypatch.setattr(passwords, "outdated", lambda kept: change("dora", role="supervisor", supervises=("T1",)))
    _, epoch = people.verified("dora", PASSWORD)

    assert epoch == before != people.epoch("dora")


def test_a_hash_that_was_made_anew_is_the_entry_that_was_verified(people, monkeypatch):
    before = people.epoch("dora")
    monkeypatch.setattr(passwords, "outdated", lambda kept: True)

    assert people.verified("dora", PASSWORD)[1] == people.epoch("dora") != before


def test_a_table_that_cannot_be_read_is_another_refusal_than_not_being_in_it(people, file):
    with pytest.raises(NotAllowed) as unknown:
        people.epoch("eve")
    file.write_text("not a table")
    with pytest.raises(TableUnreadable):
        people.epoch("dora")
    assert not isinstance(unknown.value, TableUnreadable)
