"""A store that holds a small demo clinic, copied for each test, and what two generations hold compared table by table."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from tests import clinics

from process import store
from process.measures.publishing import publish

COURSES = 160


@pytest.fixture(scope="session")
def whole() -> dict[str, pd.DataFrame]:
    """The records of a small demo clinic."""
    return clinics.demo(COURSES, 8)


@pytest.fixture(scope="session")
def published(tmp_path_factory, whole) -> Path:
    """A store that serves them; not to be changed."""
    folder = tmp_path_factory.mktemp("published") / "store"
    publish(folder, whole)
    return folder


@pytest.fixture
def folder(tmp_path, published) -> Path:
    """The same store, to be changed."""
    return Path(shutil.copytree(published, tmp_path / "store"))


@pytest.fixture(scope="session")
def unequal():
    """The names of the tables in which two generations differ: as multisets of rows, figures to nine digits (sums come in another order)."""

    def find(one: store.Generation, other: store.Generation) -> list[str]:
        found = []
        with store.DuckDBEngine.open(one) as here, store.DuckDBEngine.open(other) as there:
            assert here.tables() == there.tables()
            for name in here.tables():
                rows = [engine.query(f'select * from "{name}"') for engine in (here, there)]
                columns = sorted(rows[1].columns)
                first = [*(column for column in columns if not pd.api.types.is_float_dtype(rows[1][column])), *columns]
                mine, theirs = (frame.sort_values(list(dict.fromkeys(first)), ignore_index=True)[columns] for frame in rows)
                try:
                    pd.testing.assert_frame_equal(mine, theirs, rtol=1e-9, atol=1e-9, check_dtype=False)
                except AssertionError:
                    found.append(name)
        return found

    return find
