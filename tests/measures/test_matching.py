"""Who is compared with whom, as tables."""

import numpy as np
import pandas as pd
import pytest

from process.measures.matching import bands, changes, crossed, mean_of_known, weights

# arm  cell  therapist  weight     why
WEIGHTS = """
 1     0     0          1.0        the same therapist has two like sessions
 0     0     0          0.8333     half of that one, and a third of the one without a match of their own
 0     0     0          0.8333     as above
 1     0     1          1.0        this therapist has none: the clinic's stand for them
 0     0     2          0.3333     stands for the clinic only
 1     1     0          0.0        nobody like it: left out
 0     2     0          0.0        nobody to stand for
"""


def test_a_rupture_is_compared_with_the_same_therapists_sessions_else_with_the_clinics():
    rows = [line.split()[:4] for line in WEIGHTS.strip().split("\n")]
    arm, cell, therapist, expected = (np.array(column, dtype=float) for column in zip(*rows, strict=True))

    found = weights(arm == 1, cell.astype(int), therapist.astype(int))

    assert found == pytest.approx(expected, abs=1e-4)


def test_in_every_cell_both_arms_weigh_the_same():
    rng = np.random.default_rng(5)
    arm, cell, therapist = rng.random(500) < 0.2, rng.integers(0, 30, 500), rng.integers(0, 9, 500)

    found = weights(arm, cell, therapist)

    for number in range(30):
        here = cell == number
        assert found[here & arm].sum() == pytest.approx(found[here & ~arm].sum())


@pytest.mark.parametrize("arm", [np.zeros(3, bool), np.ones(3, bool), np.zeros(0, bool)], ids=["no rupture", "nothing like it", "nothing"])
def test_with_one_arm_missing_nobody_is_compared(arm):
    assert not weights(arm, np.zeros(len(arm), dtype=int), np.zeros(len(arm), dtype=int)).any()


def test_a_band_begins_at_its_edge():
    assert bands(np.array([1.0, 3.0, 4.0, 8.0, 9.0, 99.0]), [4, 9]).tolist() == [0, 0, 1, 1, 2, 2]


def test_crossed_bands_differ_when_any_of_them_does():
    assert len(set(crossed(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])).tolist())) == 4


def test_changes_stop_at_the_next_rupture():
    rows = pd.DataFrame({"attended_rank": [5, 5], "next_onset_rank": [7, None], "baseline": [50.0, 60.0], "after_1": [52, 61], "after_2": [40, 62]})

    found = changes(rows, ["after_1", "after_2"], [1, 2])

    assert found[0, 0] == 2 and np.isnan(found[0, 1]) and found[1].tolist() == [1.0, 2.0]


def test_a_mean_of_known_values_needs_one():
    assert mean_of_known(np.array([[1.0, np.nan, 3.0], [np.nan] * 3])).tolist() == pytest.approx([2.0, np.nan], nan_ok=True)
