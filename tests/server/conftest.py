"""The demo clinic, published once for all tests of this layer."""

from __future__ import annotations

import pytest
from tests import clinics
from tests.server.served import serving

from process.access import Viewer
from process.server import People


@pytest.fixture(scope="session")
def delivered():
    """The demo clinic's records as intake gives them."""
    return clinics.demo()


@pytest.fixture(scope="session")
def store(tmp_path_factory, delivered):
    """The folder of a store that holds the demo clinic."""
    folder = tmp_path_factory.mktemp("store")
    clinics.opened(folder, delivered).engine.close()
    return folder


@pytest.fixture(scope="session")
def records(store):
    """The demo clinic, opened."""
    from process.access import open_records

    opened = open_records(store)
    yield opened
    opened.engine.close()


@pytest.fixture(scope="session")
def busiest(records):
    """The therapist with the most courses."""
    return clinics.therapists(records)[0]


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
