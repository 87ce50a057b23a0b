"""On the demo clinic the contrasts say what was simulated: nothing where no effect is, and its direction where one is."""

import numpy as np
import pytest

from process import store
from process.demo import Settings, simulate
from process.measures import catalogue

SEEDS = (501, 502, 503)


@pytest.fixture(scope="module")
def estimates(tmp_path_factory, parameters):
    """The mean estimate of a contrast over a few demo clinics, with the simulated effects at the given sizes."""

    def make(name, **effects):
        measure, found = catalogue.measure(name), []
        for seed in SEEDS:
            # these contrasts rest on no clinic-wide parameter, and estimating those takes longer than everything else
            with store.DuckDBEngine.open(store.publish(tmp_path_factory.mktemp("store"), simulate(Settings(seed=seed, **effects)))) as engine:
                found.append(measure.answer(measure.prepare(engine.query, **parameters()), (0, 999)).headlines.loc["difference", "estimate"])
        return float(np.mean(found))

    return make


def test_without_an_effect_a_rupture_adds_nothing_to_what_chance_does(estimates):
    # one clinic's estimate has a standard deviation of 0.35 to 0.5 here
    assert abs(estimates("rupture_against_like_sessions", rupture_effect=0.0, repair_effect=0.0)) < 0.9


def test_with_an_effect_sessions_after_a_rupture_stay_lower(estimates):
    assert estimates("rupture_against_like_sessions", rupture_effect=1.0, repair_effect=0.0) < -2


def test_repaired_and_not_yet_repaired_part_only_where_repair_has_an_effect(estimates):
    # one clinic's estimate has a standard deviation of 1.5 here, and the same draws with the effect on and off
    on, off = estimates("repaired_against_not_yet"), estimates("repaired_against_not_yet", repair_effect=0.0)

    assert abs(off) < 2.6
    assert on - off > 0.8
