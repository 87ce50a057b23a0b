"""The default clinic and a large one, simulated once for all tests of this layer."""

from __future__ import annotations

import pandas as pd
import pytest

from process.demo import Settings, simulate


@pytest.fixture(scope="session")
def clinic() -> dict[str, pd.DataFrame]:
    """The default demo clinic."""
    return simulate(Settings())


@pytest.fixture(scope="session")
def large() -> dict[str, pd.DataFrame]:
    """Forty thousand courses with 800 therapists: what the default clinic would show without the luck of its seed."""
    return simulate(Settings(courses=40_000, therapists=800, seed=7))
