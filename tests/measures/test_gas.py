"""The GAS T-score equals printed scores, and says NaN where there is nothing to score."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.measures.gas import t_score

LEVELS = st.lists(st.sampled_from([-2, -1, 0, 1, 2]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("levels", "weights", "rho", "expected"),
    [
        ([0, 1, 1], None, 0.30, 59.12871),
        ([2, 2, 2], None, 0.30, 77.38613),
        ([1, 0], [6, 6], 0.30, 56.20174),
        ([-2, 0, -1, 2, 0, 1], [3, 5, 1, 4, 2, 6], 0.30, 55.0),
        ([1, 1], None, 0.0, 64.14214),
        ([1, 1, 1], None, 0.30, 63.69306),  # and not the 70.70 of a wrong formula in public code
    ],
    ids=str,
)
def test_the_worked_examples_come_out(levels, weights, rho, expected):
    # the fourth by hand: 50 + 10 (-6 - 1 + 8 + 6) / sqrt(0.7 * 91 + 0.3 * 441) = 50 + 70 / 14
    assert t_score(levels, weights, rho) == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize(("goals", "lowest", "highest"), [(1, 30.0, 70.0), (5, 19.8, 80.2)])
def test_the_range_depends_on_the_number_of_goals(goals, lowest, highest):
    # Tennant 2007
    assert (t_score([-2] * goals), t_score([2] * goals)) == pytest.approx((lowest, highest), abs=0.05)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.55, 1.0])
def test_it_is_the_weighted_sum_over_its_standard_deviation_when_levels_correlate_by_rho(rho):
    # Where the formula comes from: levels of variance 1 that correlate by rho; the variance of sum(w x) is w'Rw, R with ones and rho.
    weights, levels = np.array([3.0, 1.0, 4.0, 2.0]), np.array([-1, 2, 0, 1])
    matrix = np.full((4, 4), rho) + (1 - rho) * np.eye(4)

    assert t_score(levels, weights, rho) == pytest.approx(50 + 10 * (weights @ levels) / np.sqrt(weights @ matrix @ weights))


@pytest.mark.parametrize(("goals", "highest"), [(2, 74.807), (3, 77.386), (4, 79.019), (10, 82.880)])
def test_all_goals_two_above_expectation_is_twenty_times_the_root_of_n_over_one_plus_n_less_one_rho(goals, highest):
    # with equal weights T = 50 + 10 x sqrt(n / (1 + (n - 1) rho)): independent of the code's sums of weights
    assert t_score([2] * goals) == pytest.approx(highest, abs=5e-4)
    assert t_score([2] * goals) == pytest.approx(50 + 20 * math.sqrt(goals / (1 + (goals - 1) * 0.3)))


def test_weights_of_one_goal_alone_do_not_matter_and_its_score_is_ten_a_step():
    assert [t_score([level], [7]) for level in (-2, -1, 0, 1, 2)] == pytest.approx([30, 40, 50, 60, 70])


def test_one_of_two_goals_rated_is_the_score_of_that_one_and_not_half_of_it():
    assert t_score([2, np.nan]) == pytest.approx(70) and t_score([2, 0]) == pytest.approx(62.403, abs=5e-4)


def test_an_unrated_goal_leaves_with_its_weight():
    assert t_score([1, np.nan, -1], [2, 9, 3]) == t_score([1, -1], [2, 3])
    assert t_score([1, None, -1]) == t_score([1, -1])
    assert t_score(pd.Series([1, None, -1], dtype="Int64")) == t_score([1, -1])


def test_a_goal_without_a_known_weight_is_left_out():
    assert t_score([1, 2], [4, np.nan]) == t_score([1], [4])


@pytest.mark.parametrize(("levels", "weights"), [([], None), ([np.nan, np.nan], None), ([1, 1], [0, 0]), ([1, np.nan], [0, 3])], ids=str)
def test_no_rated_goal_with_a_weight_is_not_a_number(levels, weights):
    assert math.isnan(t_score(levels, weights))


def test_a_goal_of_weight_nought_counts_for_nothing():
    assert t_score([2, -1, 0], [0, 1, 2]) == pytest.approx(t_score([-1, 0], [1, 2]))


def test_the_score_is_a_plain_float():
    assert type(t_score(np.array([0, 1]))) is float


def test_many_people_are_scored_at_once():
    levels = np.array([[0, 1, 1], [2, 2, 2], [np.nan, np.nan, np.nan], [1, np.nan, 0]])

    assert t_score(levels) == pytest.approx([t_score(row) for row in levels], nan_ok=True)


@pytest.mark.parametrize("levels", [[0, 3], [-2.5], [np.inf]], ids=str)
def test_a_level_outside_its_scale_is_refused(levels):
    with pytest.raises(ValueError, match="outside -2 to"):
        t_score(levels)


@pytest.mark.parametrize(("weights", "rho", "said"), [([1, -1], 0.3, "weight"), ([1, np.inf], 0.3, "weight"), ([1], 0.3, "weights"), (None, 1.2, "rho")])
def test_an_impossible_weight_or_rho_is_refused(weights, rho, said):
    with pytest.raises(ValueError, match=said):
        t_score([0, 1], weights, rho)


@given(LEVELS, st.floats(0.01, 100))
def test_the_unit_of_the_weights_does_not_matter(levels, factor):
    weights = np.arange(1, len(levels) + 1)
    assert t_score(levels, weights * factor) == pytest.approx(t_score(levels, weights))


@given(LEVELS)
def test_turning_every_level_round_mirrors_the_score_at_fifty(levels):
    assert t_score([-level for level in levels]) == pytest.approx(100 - t_score(levels))


@given(LEVELS, st.randoms())
def test_the_order_of_the_goals_does_not_matter(levels, random):
    mixed = random.sample(levels, len(levels))
    assert t_score(mixed) == pytest.approx(t_score(levels))
