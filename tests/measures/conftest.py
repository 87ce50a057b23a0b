"""Records to a locked, read-only generation, and the parameters that every measure takes."""

from __future__ import annotations

import pytest

from process import store
from process.measures.measure import COHORT_PARAMETERS
from process.measures.publishing import publish


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """Publish records in a new store and give the `query` of its engine; all are closed at the end."""
    engines = []

    def make(records):
        folder = tmp_path_factory.mktemp("store")
        engines.append(store.DuckDBEngine.open(publish(folder, records)))
        return engines[-1].query

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture(scope="session")
def parameters():
    """Every parameter of the cohort, null unless given."""

    def make(therapist=None, **given):
        given |= {"therapists": f"|{therapist}|"} if therapist is not None else {}
        return {**dict.fromkeys(COHORT_PARAMETERS), "basis": "so_far", "cluster": "therapist", **given}

    return make
