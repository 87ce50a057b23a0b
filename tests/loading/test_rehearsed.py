"""`intake --check` says what a load of the same files would stumble over when it writes: the folder of codes, the store, the keys. It writes nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.loading.test_commands import FILES, begun, delivery, run  # noqa: F401  (fixtures)
from tests.unprivileged import ordinary

REAL = FILES["manifest"].replace("simulated", "real")


def everything(place: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder with its rights and bytes."""
    found = {}
    for path in sorted(place.rglob("*")):
        found[str(path)] = (path.stat().st_mode, path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else b"")
    return found


def codes_folder_that_is_a_file(place: Path) -> str:
    (place / "file").write_text("")
    return f"--codes {place}/file"


def codes_under_a_file(place: Path) -> str:
    (place / "file").write_text("")
    return f"--codes {place}/file/codes"


def codes_under_a_folder_that_nobody_may_write_to(place: Path) -> str:
    (place / "shut").mkdir(mode=0o500)
    return f"--codes {place}/shut/codes"


def codes_folder_that_nobody_may_enter(place: Path) -> str:
    (place / "shut").mkdir(mode=0)
    return f"--codes {place}/shut"


def codes_folder_whose_rights_the_load_puts_right(place: Path) -> str:
    (place / "open").mkdir(mode=0o755)
    (place / "open" / "sheets").mkdir(mode=0o500)
    return f"--codes {place}/open"


def codes_whose_lock_cannot_be_opened(place: Path) -> str:
    (place / "codes").mkdir()
    (place / "codes" / "lock").touch(mode=0o400)
    return f"--codes {place}/codes"


def key_of_the_codes_in_a_folder_that_is_not_there(place: Path) -> str:
    return f"--codes-key {place}/nowhere/codes.key"


def key_of_the_codes_where_nobody_may_write(place: Path) -> str:
    (place / "shut").mkdir(mode=0o500)
    return f"--codes-key {place}/shut/codes.key"


def key_of_the_codes_that_is_none(place: Path) -> str:
    (place / "codes.key").touch(mode=0o600)
    return f"--codes-key {place}/codes.key"


def store_where_nobody_may_write(place: Path) -> str:
    (place / "shut").mkdir(mode=0o500)
    return f"{place}/shut/store@--codes {place}/codes"


def nothing_amiss(place: Path) -> str:
    return ""


PLACES = {
    codes_folder_that_is_a_file: 2,
    codes_under_a_file: 5,
    codes_under_a_folder_that_nobody_may_write_to: 5,
    codes_folder_that_nobody_may_enter: 5,
    codes_folder_whose_rights_the_load_puts_right: 0,
    codes_whose_lock_cannot_be_opened: 5,
    key_of_the_codes_in_a_folder_that_is_not_there: 9,
    key_of_the_codes_where_nobody_may_write: 9,
    key_of_the_codes_that_is_none: 9,
    store_where_nobody_may_write: 5,
    nothing_amiss: 0,
}


@pytest.fixture
def place(tmp_path):
    """A folder for the store and what lies beside it, opened again at the end."""
    yield tmp_path
    for path in tmp_path.glob("shut"):
        path.chmod(0o700)


def both(run, place: Path, words: str, *more: str) -> tuple[tuple[int, str, str], tuple[int, str, str]]:  # noqa: F811
    """What a look and then a load end with and say; a look writes nothing."""
    files = delivery(place / "in", **FILES)
    store, _, words = words.rpartition("@")
    store, words = store or place / "store", words.split()
    before = everything(place)
    with ordinary():
        looked = run("intake", store, files, "--check", *words, *more)
        assert everything(place) == before
        return looked, run("intake", store, files, *words, *more)


@pytest.mark.parametrize("amiss", PLACES, ids=lambda amiss: amiss.__name__)
def test_a_look_says_what_a_load_says(run, place, own_keys, amiss):  # noqa: F811
    looked, loaded = both(run, place, amiss(place))
    assert looked[0] == loaded[0] == PLACES[amiss]
    assert looked[2] == loaded[2], "in the same words"
    assert ("would load" in looked[1]) == (loaded[0] == 0)


@pytest.mark.encryption
def test_a_look_at_real_records_says_where_their_key_cannot_be_made(run, place, own_keys):  # noqa: F811
    (place / "shut").mkdir(mode=0o500)
    (place / "in").mkdir()
    for name, text in (FILES | {"manifest": REAL}).items():
        (place / "in" / f"{name}.csv").write_text(text)
    with ordinary():
        said = [run("intake", place / "store", place / "in", "--key", place / "shut" / "store.key", *look) for look in (["--check"], [])]
    assert said[0][0] == said[1][0] == 9 and said[0][2] == said[1][2]


def test_a_look_at_a_store_that_became_another_accounts_says_so(run, begun, place):  # noqa: F811
    store = Path(shutil.copytree(begun / "store", place / "store"))
    shutil.copytree(begun / "store-codes", place / "store-codes")
    files = delivery(place / "in", **FILES | {"courses": FILES["courses"] + "c3,p3,t1,North,unknown\n"})
    (store / "lock").chmod(0o400)
    with ordinary():
        said = [run("intake", store, files, *look) for look in (["--check"], [])]
    assert [one[0] for one in said] == [5, 5] and said[0][2] == said[1][2] and "cannot be written" in said[0][2]
