"""A server of the demo clinic."""

from __future__ import annotations

import pytest
from tests import clinics
from tests.server.served import serving

from process.access import Viewer
from process.server import People


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
