"""A server of the demo clinic."""

from __future__ import annotations

import pytest
from tests import clinics
from tests.ports import free_port
from tests.server.accounts import PASSWORD
from tests.server.served import serving

from process.access import Viewer
from process.people import People as Directory
from process.people import Person, table
from process.server import People, ServerSettings


@pytest.fixture(scope="session")
def two_therapists(tmp_path_factory):
    """A clinic of two therapists, which is there in a moment."""
    records = clinics.opened(tmp_path_factory.mktemp("little") / "store", clinics.counted(("T1", 12, 4), ("T2", 11, 6)))
    yield records
    records.engine.close()


@pytest.fixture(scope="module")
def little(two_therapists):
    """A server of that clinic. Of a module: pages of this process are those of the server that was begun last, until it ends."""
    people = People({"dora": Viewer("dora", "director"), "tess": Viewer("tess", "therapist", "T1"), "tariq": Viewer("tariq", "therapist", "T2")})
    with serving(two_therapists, people) as server:
        yield server


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    """A folder with a table of people: two directors, a therapist, and one who may not sign in any more."""
    folder = tmp_path_factory.mktemp("sign-in")
    with table.changing(folder / "people.toml") as people:
        people["dora"] = table.with_password(Person("dora", "director", "Dora, director"), PASSWORD)
        people["tess"] = table.with_password(Person("tess", "therapist", "Tess, therapist", "T1"), PASSWORD)
        people["nina"] = table.with_password(Person("nina", "director", "Nina"), PASSWORD)
        people["dirk"] = table.with_password(Person("dirk", "director", "Dirk", disabled=True), PASSWORD)
    return folder


@pytest.fixture(scope="module")
def served_by(accounts, two_therapists):
    """A server of that table with these settings, for as long as a block lasts."""
    return lambda **settings: serving(two_therapists, Directory(accounts / "people.toml", lambda line: None), ServerSettings(port=free_port(), **settings))


@pytest.fixture(scope="session")
def served(records):
    """A server of the demo clinic with a director and two therapists."""
    first, second = clinics.therapists(records)[:2]
    people = People(
        {
            "dora": Viewer("dora", "director", name="Dora, director"),
            "tess": Viewer("tess", "therapist", first, "Tess, therapist"),
            "tariq": Viewer("tariq", "therapist", second, "Tariq, therapist"),
        }
    )
    with serving(records, people) as server:
        yield server
