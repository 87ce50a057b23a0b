"""Key sheets: a therapist recognises their own courses with file and passphrase, and nobody anything with one of the two."""

from __future__ import annotations

import hashlib
import json
import re
import stat

import pytest

from process.errors import FileMissing, FileRefused, KeyProblem, StoreProblem
from process.intake.codes.folder import held
from process.intake.codes.key_sheets import file_of, open_sheet, write_sheets
from process.intake.codes.table import SheetSeal

COURSES = {"c1": ("p1", "t1"), "c2": ("p1", "t1"), "c3": ("p2", "t2")}


def load(folder, courses=COURSES) -> int:
    """What a load does with the table: codes given and carried, saved, sheets brought up to date."""
    codes = folder.codes
    course, patient, therapist = (
        codes.given(kind, list(own))
        for kind, own in (("course", courses), ("patient", [p for p, _ in courses.values()]), ("therapist", [t for _, t in courses.values()]))
    )
    codes.carried.update({course[c]: (patient[p], therapist[t]) for c, (p, t) in courses.items()})
    folder.save()
    return write_sheets(folder)


@pytest.fixture
def folder(tmp_path):
    with held(tmp_path / "store") as found:
        load(found)
        yield found


def display(folder, kind, own):
    return folder.codes.displays[kind][own]


def test_a_sheet_says_which_of_the_therapists_own_courses_a_display_code_stands_for(folder):
    therapist = display(folder, "therapist", "t1")

    sheet = open_sheet(file_of(folder, therapist), folder.codes.sheets[therapist].passphrase)

    assert sheet.therapist == therapist
    assert set(sheet.rows) == {(display(folder, "course", c), display(folder, "patient", "p1"), c, "p1") for c in ("c1", "c2")}


def test_a_passphrase_is_random_and_can_be_typed_as_it_is_read(folder):
    passphrases = [seal.passphrase for seal in folder.codes.sheets.values()]
    path = file_of(folder, display(folder, "therapist", "t1"))
    own = folder.codes.sheets[path.stem].passphrase

    assert len(set(passphrases)) == 2 and all(re.fullmatch(r"([CDFHJKMNPRTVWX2-9]{4}-){4}[CDFHJKMNPRTVWX2-9]{4}", one) for one in passphrases)
    for typed in (own.lower(), own.replace("-", ""), f" {own.replace('-', ' ')}\n"):
        assert len(open_sheet(path, typed).rows) == 2


def test_neither_the_file_nor_anothers_passphrase_opens_a_sheet(folder):
    one, two = (display(folder, "therapist", own) for own in ("t1", "t2"))
    raw = file_of(folder, one).read_bytes()

    for wrong in (folder.codes.sheets[two].passphrase, "", "guess", folder.codes.sheets[one].passphrase[:-1]):
        with pytest.raises(KeyProblem, match="passphrase does not open") as told:
            open_sheet(file_of(folder, one), wrong)
        assert not wrong or wrong not in str(told.value)
    assert not any(f'"{code}"'.encode() in raw for code in ("c1", "c2", "p1"))
    assert stat.S_IMODE(file_of(folder, one).stat().st_mode) == 0o600


def test_a_sheet_is_written_anew_only_when_it_says_something_else(folder):
    before = {path.name: path.read_bytes() for path in (folder.path / "sheets").iterdir()}

    assert load(folder) == 0
    assert {path.name: path.read_bytes() for path in (folder.path / "sheets").iterdir()} == before
    assert load(folder, COURSES | {"c4": ("p3", "t2")}) == 1
    changed = [name for name, raw in before.items() if (folder.path / "sheets" / name).read_bytes() != raw]
    assert changed == [f"{display(folder, 'therapist', 't2')}.sheet"]


def test_a_changed_sheet_opens_with_the_passphrase_that_its_therapist_has(folder):
    therapist = display(folder, "therapist", "t2")
    passphrase = folder.codes.sheets[therapist].passphrase

    load(folder, COURSES | {"c4": ("p3", "t2")})

    assert len(open_sheet(file_of(folder, therapist), passphrase).rows) == 2


def test_a_sheet_that_went_missing_is_written_again(folder):
    path = file_of(folder, display(folder, "therapist", "t1"))
    path.unlink()

    assert load(folder) == 1 and path.exists()


def test_a_sheet_of_an_earlier_release_is_written_anew_so_that_its_passphrase_opens_it(folder):
    therapist = display(folder, "therapist", "t1")
    seal = folder.codes.sheets[therapist]
    secret = hashlib.scrypt(seal.passphrase.replace("-", "").encode(), salt=bytes.fromhex(seal.salt), n=2**10, r=8, p=1, maxmem=2**22, dklen=32)
    earlier = {"passphrase": seal.passphrase, "salt": seal.salt, "key": secret.hex(), "holds": ""}  # as an earlier release's table has it, without its cost
    folder.codes.sheets[therapist] = SheetSeal(**earlier)

    assert write_sheets(folder) == 1

    assert len(open_sheet(file_of(folder, therapist), seal.passphrase).rows) == 2


def test_a_new_passphrase_makes_the_old_one_useless(folder):
    therapist = display(folder, "therapist", "t1")
    old = folder.codes.sheets[therapist].passphrase

    assert write_sheets(folder, anew=therapist) == 1

    with pytest.raises(KeyProblem):
        open_sheet(file_of(folder, therapist), old)
    assert len(open_sheet(file_of(folder, therapist), folder.codes.sheets[therapist].passphrase).rows) == 2


def test_a_course_that_changes_hands_changes_both_sheets(folder):
    assert load(folder, {"c1": ("p1", "t2")}) == 2

    rows = {own: len(open_sheet(file_of(folder, code), folder.codes.sheets[code].passphrase).rows) for own, code in folder.codes.displays["therapist"].items()}
    assert rows == {"t1": 1, "t2": 2}


def test_a_forgotten_patient_is_on_no_sheet_and_a_therapist_without_courses_has_none(folder):
    therapist = display(folder, "therapist", "t2")
    folder.codes.forget("patient", display(folder, "patient", "p2"))

    write_sheets(folder)

    assert not file_of(folder, therapist).exists() and therapist not in folder.codes.sheets


def test_what_was_stopped_between_sheets_and_table_is_made_good_by_the_next_load(folder, monkeypatch):
    with monkeypatch.context() as stopped:
        stopped.setattr("process.intake.codes.folder.CodesFolder.save", lambda self: None)
        folder.codes.sheets[display(folder, "therapist", "t1")].holds = ""
        write_sheets(folder)
    folder.codes.sheets[display(folder, "therapist", "t1")].holds = ""

    assert load(folder) == 1


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-1], lambda raw: raw.replace(b"}\n", b"}\nTHPBOX0", 1), lambda raw: raw[:-5] + bytes(5)])
def test_a_damaged_sheet_is_told(folder, spoil):
    therapist = display(folder, "therapist", "t1")
    path = file_of(folder, therapist)
    path.write_bytes(spoil(path.read_bytes()))

    with pytest.raises((StoreProblem, FileRefused, KeyProblem)):
        open_sheet(path, folder.codes.sheets[therapist].passphrase)


@pytest.mark.parametrize(
    "head",
    [b"", b"letters\n", b"therapy-process key sheet 1 {}\n"]
    + [
        b"therapy-process key sheet 1 " + json.dumps({"therapist": "T234", "salt": "0" * 32, "n": 16384, "r": 8, "p": 1} | odd).encode() + b"\nbox"
        for odd in ({"n": 2**30}, {"r": 10**6}, {"p": 10**6}, {"salt": "x"}, {"n": "many"}, {"n": 3}, {"n": float("inf")})
    ],
)
def test_another_file_or_one_that_asks_for_too_much_work_is_refused(tmp_path, head):
    (tmp_path / "x.sheet").write_bytes(head)

    with pytest.raises(FileRefused, match="not a key sheet"):
        open_sheet(tmp_path / "x.sheet", "guess")


def test_a_sheet_under_anothers_name_is_told(folder):
    therapist = display(folder, "therapist", "t1")
    path = file_of(folder, therapist)
    whole = path.read_bytes()

    for old, new in ((f'"{therapist}"'.encode(), b'"T999"'), (b'"therapist"', b'"therapisx"')):
        path.write_bytes(whole.replace(old, new, 1))
        with pytest.raises(StoreProblem, match="damaged"):
            open_sheet(path, folder.codes.sheets[therapist].passphrase)


def test_a_missing_sheet_is_told(tmp_path):
    with pytest.raises(FileMissing):
        open_sheet(tmp_path / "nowhere.sheet", "guess")
