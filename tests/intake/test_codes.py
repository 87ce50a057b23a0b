"""The table of codes: random display codes, stable between loads, sealed and outside the store; what was forgotten stays forgotten."""

from __future__ import annotations

import json
import stat
from collections import Counter

import pytest

from process.errors import KeyProblem, SettingWrong, StoreProblem
from process.intake.codes.drawing import COURSE, KINDS, PATIENT, ROOM, SIGNS, THERAPIST, draw, length_for, random_signs
from process.intake.codes.folder import held, place, seen
from process.intake.codes.remembered import Kept, Starts
from process.intake.codes.table import Codes, SheetSeal
from process.sealed import keys

OWN = [f"MRN-{n:05}" for n in range(500)]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A store's path whose folder of codes holds three patients, one therapist and two courses."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with held(tmp_path / "store") as folder:
        given = {kind: folder.codes.given(kind, own) for kind, own in (("patient", OWN[:3]), ("therapist", ["t1"]), ("course", ["c1", "c2"]))}
        for course, patient in (("c1", OWN[0]), ("c2", OWN[1])):
            folder.codes.carried[given["course"][course]] = (given["patient"][patient], given["therapist"]["t1"])
        folder.save()
    return tmp_path / "store", given


def test_no_sign_looks_like_another_or_makes_a_word():
    assert len(SIGNS) == len(set(SIGNS)) == 22 and not set(SIGNS) & set("AEIOUY")
    for alike in ("0OQ", "1IL", "2Z", "5S", "6G", "8B", "VY"):
        assert len(set(alike) & set(SIGNS)) <= 1


def test_every_sign_is_drawn_as_often_as_the_next():
    counts = Counter(random_signs(44_000))

    assert set(counts) == set(SIGNS) and sum((count - 2000) ** 2 / 2000 for count in counts.values()) < 55  # chi-squared, 21 degrees of freedom: p = 1e-4


def test_display_codes_are_short_different_and_told_apart_by_kind():
    for kind in KINDS.values():
        drawn = draw(kind, 500, {"taken"}, 500)

        assert len(set(drawn)) == 500 and all(code[0] == kind.first and len(code) > kind.shortest and set(code[1:]) <= set(SIGNS) for code in drawn)
    assert {len(draw(kind, 1, (), 1)[0]) for kind in (PATIENT, THERAPIST, COURSE)} == {6, 4, 7}


def test_codes_grow_before_the_room_is_a_twentieth_full():
    full = len(SIGNS) ** 3 // ROOM

    assert length_for(THERAPIST, full) == 3 and length_for(THERAPIST, full + 1) == 4
    assert {len(code) for code in draw(THERAPIST, 5, (), full + 1)} == {5}


def test_drawing_never_gives_a_code_that_is_taken(monkeypatch):
    signs = iter(["234", "235", "234", "236"])
    monkeypatch.setattr("process.intake.codes.drawing.random_signs", lambda number: "".join(next(signs) for _ in range(number // 3)))

    assert draw(THERAPIST, 2, {"T235"}, 3) == ["T234", "T236"]


def test_an_own_code_keeps_its_display_code_and_no_two_share_one():
    codes = Codes.new()
    first = codes.given("patient", OWN[:300])

    second = codes.given("patient", OWN)

    assert {own: second[own] for own in first} == first and len(set(second.values())) == 500


def test_display_codes_say_nothing_of_what_they_stand_for():
    one, two = Codes.new().given("patient", OWN), Codes.new().given("patient", OWN)

    assert not set(one.values()) & set(OWN) and sum(one[own] == two[own] for own in OWN) < 3
    assert [one[own] for own in OWN] != sorted(one.values())


def test_a_display_code_is_never_one_that_the_clinic_itself_uses(monkeypatch):
    codes = Codes.new()
    signs = iter(["234", "235"])
    monkeypatch.setattr("process.intake.codes.drawing.random_signs", lambda number: next(signs))

    assert codes.given("therapist", ["T234"]) == {"T234": "T235"}


def test_the_same_own_code_is_a_stranger_under_another_kind():
    codes = Codes.new()

    assert codes.given("patient", ["17"])["17"][0] == "P" and codes.given("course", ["17"])["17"][0] == "C"
    assert codes.hashed("goal", ["17"]) != codes.hashed("rupture", ["17"])


def test_hashes_are_the_same_in_every_load_and_different_in_every_clinic():
    codes = Codes.new()
    again = Codes.from_bytes(codes.as_bytes())

    assert codes.hashed("goal", OWN) == again.hashed("goal", OWN) != Codes.new().hashed("goal", OWN)
    assert all(len(code) == 16 and int(code, 16) >= 0 for code in codes.hashed("goal", OWN).values())


def test_two_codes_with_the_same_hash_are_refused(monkeypatch):
    monkeypatch.setattr("process.intake.codes.table.HASH_BYTES", 1)

    with pytest.raises(StoreProblem, match="same hash"):
        Codes.new().hashed("goal", OWN)


def test_the_table_lies_beside_the_store_sealed_and_its_owners_alone(kept):
    store, given = kept
    folder = store.with_name("store-codes")

    raw = (folder / "codes.sealed").read_bytes()

    assert not store.exists()
    assert not any(code.encode() in raw for code in OWN[:3]) and not any(code.encode() in raw for code in given["patient"].values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 == stat.S_IMODE((folder / "sheets").stat().st_mode)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()} == {0o600}
    assert seen(store).codes.given("patient", OWN[:3]) == given["patient"]


def test_the_table_has_a_key_of_its_own(kept):
    found = seen(kept[0])

    assert found.key.name == f"codes-{found.codes.table}" and keys.own_file(found.key.name).exists()


def test_a_folder_in_the_store_is_refused_however_it_is_spelt(tmp_path):
    (tmp_path / "store" / "inside").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "store" / "inside")

    for folder in (tmp_path / "store", tmp_path / "store" / "codes", tmp_path / "x" / ".." / "store" / "codes", tmp_path / "link"):
        with pytest.raises(SettingWrong, match="must not lie in the store"):
            place(tmp_path / "store", folder)
    assert place(tmp_path / "store") == (tmp_path / "store-codes").resolve()


def test_a_foreign_folder_is_refused_and_keeps_its_rights(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    (tmp_path / "home" / "letters").touch()

    with pytest.raises(SettingWrong, match="no folder of codes"), held(tmp_path / "store", tmp_path / "home"):
        pass
    with pytest.raises(SettingWrong, match="is a file"), held(tmp_path / "store", tmp_path / "home" / "letters"):
        pass
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o755


def test_looking_writes_nothing_and_makes_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    seen(tmp_path / "store").codes.given("patient", OWN)

    assert list(tmp_path.iterdir()) == []


def test_a_table_that_has_not_changed_is_not_written_again(kept):
    path = kept[0].with_name("store-codes") / "codes.sealed"
    before, revision = path.read_bytes(), seen(kept[0]).codes.revision

    with held(kept[0]) as folder:
        folder.codes.given("patient", OWN[:3])
        folder.save()
        assert path.read_bytes() == before and folder.codes.revision == revision
        folder.codes.given("patient", OWN[:4])
        folder.save()
    assert path.read_bytes() != before and seen(kept[0]).codes.revision == revision + 1


def test_two_at_once_are_refused(kept):
    with held(kept[0]), pytest.raises(StoreProblem, match="in use by another load"), held(kept[0]):
        pass


def test_without_its_key_the_table_is_not_begun_anew(kept):
    keys.own_file(seen(kept[0]).key.name).unlink()

    for open_codes in (seen, lambda store: held(store).__enter__()):
        with pytest.raises(KeyProblem, match="sealed with the key `codes-.*--codes-key FILE"):
            open_codes(kept[0])


def test_a_lost_table_with_sheets_left_is_not_begun_anew(kept):
    folder = kept[0].with_name("store-codes")
    (folder / "sheets" / "T234.sheet").touch()
    (folder / "codes.sealed").unlink()

    with pytest.raises(StoreProblem, match="is gone"):
        seen(kept[0])


@pytest.mark.parametrize(
    "spoil", [lambda raw: raw[:-3], lambda raw: raw[:-9] + b"x" + raw[-8:], lambda raw: b"PK" + raw, lambda raw: b"", lambda raw: raw[:40]]
)
def test_a_damaged_table_is_refused(kept, spoil):
    path = kept[0].with_name("store-codes") / "codes.sealed"
    path.write_bytes(spoil(path.read_bytes()))

    with pytest.raises(StoreProblem, match="damaged|cut short|not a table|not a sealed file"):
        seen(kept[0])


def test_a_name_of_a_key_that_leads_elsewhere_is_refused(kept):
    path = kept[0].with_name("store-codes") / "codes.sealed"
    first, box = path.read_bytes().split(b"\n", 1)
    path.write_bytes(b"therapy-process codes 1 " + json.dumps({"key": "../../other"}).encode() + b"\n" + box)

    with pytest.raises(StoreProblem, match="not a table of codes"):
        seen(kept[0])


def test_a_new_key_seals_the_table_and_the_old_one_stays_for_earlier_copies(kept):
    store, given = kept
    with held(store) as folder:
        old = folder.key
        new = folder.rotate()

    assert new.secret != old.secret and new.name == f"{old.name}-2" and keys.own_file(old.name).exists()
    assert seen(store).key == new and seen(store).codes.displays["patient"] == given["patient"]
    with held(store) as folder:
        assert folder.rotate().name == f"{old.name}-3"


def test_while_the_key_changes_one_of_the_two_always_opens_the_table(kept, monkeypatch):
    store, given = kept
    for stop_at in ("codes.folder._write", "codes.folder.made"):
        with monkeypatch.context() as stopped:
            stopped.setattr(f"process.intake.{stop_at}", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError), held(store) as folder:
                folder.rotate()
        assert seen(store).codes.displays["patient"] == given["patient"]


def test_a_key_in_a_file_of_ones_own_is_replaced_by_one_that_is_named_too(tmp_path, monkeypatch):
    monkeypatch.setenv("THERAPY_PROCESS_CODES_KEY_FILE", str(tmp_path / "ours"))
    with held(tmp_path / "store") as folder:
        folder.save()
        with pytest.raises(SettingWrong, match="--new-key FILE"):
            folder.rotate()
        with pytest.raises(KeyProblem, match="already"):
            folder.rotate(tmp_path / "ours")
        new = folder.rotate(tmp_path / "new")

    assert seen(tmp_path / "store", key_file=tmp_path / "new").key.secret == new.secret and (tmp_path / "ours").exists()


def test_what_is_forgotten_leaves_a_display_code_that_nobody_gets_again_and_a_hash_that_knows_it(kept):
    store, given = kept
    patient, course = given["patient"][OWN[0]], given["course"]["c1"]
    with held(store) as folder:
        assert folder.codes.forget("patient", patient) and not folder.codes.forget("patient", patient)
        folder.save()

    codes = seen(store).codes
    assert OWN[0] not in codes.displays["patient"] and "c1" not in codes.displays["course"] and course not in codes.carried
    assert codes.retired["patient"] == [patient] and codes.retired["course"] == [course]
    assert codes.is_forgotten("patient", OWN) == {OWN[0]} and codes.is_forgotten("course", ["c1", "c2"]) == {"c1"}
    assert OWN[0].encode() not in codes.as_bytes()


def test_a_hundred_thousand_patients_have_codes_in_seconds(tmp_path):
    """No clock: the work is one draw a patient and one line in one file, which this shows by finishing at all within the suite's own limit."""
    codes = Codes.new()
    many = [f"p{n}" for n in range(100_000)]

    given = codes.given("patient", many)

    assert len(set(given.values())) == 100_000 and {len(code) for code in given.values()} == {6}
    assert Codes.from_bytes(codes.as_bytes()).displays["patient"] == given


def test_a_table_shows_nothing_of_itself(kept):
    folder = seen(kept[0])
    folder.codes.sheets["T234"] = SheetSeal("PASS-PHRASE", "00", "5ec4e7")

    shown = f"{folder!r} {folder.codes!r} {folder.codes.sheets!r}"

    assert not any(word in shown for word in (*OWN[:3], "PASS-PHRASE", "5ec4e7", folder.codes.secret.hex(), repr(folder.codes.secret)))


def test_a_table_of_the_release_before_is_read_and_remembers_nothing_more_than_it_held():
    codes = Codes.new()
    codes.given("patient", ["p1"])
    codes.renew("2026-03-31")
    content = json.loads(codes.as_bytes())
    for name in ("tokens", "store", "delivered", "begun"):
        del content[name]
    content["lists"] = {name: entries for name, entries in content["lists"].items() if not name.startswith(("started", "waiting"))}

    earlier = Codes.from_bytes(json.dumps(content | {"version": 1}).encode())

    assert earlier.displays == codes.displays and earlier.tokens == [] and not earlier.starts.firsts
    with pytest.raises(StoreProblem, match="later release"):
        Codes.from_bytes(json.dumps(content | {"version": 4}).encode())


def test_the_starts_of_what_is_served_are_kept_however_often_a_load_fails_and_those_of_no_more_loads_than_are_wanted():
    served, other = Starts("first", {"C1": (1, "2026-01-05")}), Starts("first", {"C1": (1, "2026-01-12")})
    kept = Kept({"g1": served, "g2": served})
    for number in range(9):
        kept.keep(f"failed{number}", other, "g1", 4)

    assert kept.of("g1") == served and len(kept.sets) == 4 and kept.of("g2") is None and kept.of("failed8") == other
    kept.keep("g3", None, "g1", 4)  # a load without dates
    assert kept.of("g3") is None and Kept.from_lists({token: "first" for token in kept.sets}, kept.lists()) == kept
