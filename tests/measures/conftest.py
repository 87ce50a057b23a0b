"""Records to a locked, read-only generation, and the parameters that every measure takes."""

from __future__ import annotations

import hashlib
import pickle

import pytest

from process import store
from process.measures.measure import COHORT_PARAMETERS
from process.measures.publishing import publish


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """Publish records in a new store and give the `query` of its engine; the same records are published once. All are closed at the end."""
    engines = {}

    def make(records):
        content = hashlib.sha256(pickle.dumps(sorted(records.items()))).hexdigest()
        if content not in engines:
            engines[content] = store.DuckDBEngine.open(publish(tmp_path_factory.mktemp("store"), records))
        return engines[content].query

    yield make
    for engine in engines.values():
        engine.close()


@pytest.fixture(scope="session")
def parameters():
    """Every parameter of the cohort, null unless given."""

    def make(therapist=None, **given):
        given |= {"therapists": f"|{therapist}|"} if therapist is not None else {}
        return {**dict.fromkeys(COHORT_PARAMETERS), "basis": "so_far", "cluster": "therapist", **given}

    return make
