"""The weighted difference and the weighted means, by small matrices, equal the dense CR2."""

import math

import numpy as np
import pytest
from scipy import stats
from tests.reference.dense_cr2 import dense_cr2

from process.measures.weighted import by_group, weighted_contrast, weighted_contrasts, weighted_means


def sample(seed, alone=False):
    """Rows of two arms in cells and clusters, with unequal weights and two covariates; `alone`: one cluster has a cell to itself."""
    rng = np.random.default_rng(seed)
    n = 160
    clusters, cells, arm = rng.integers(0, 9, n), rng.integers(0, 5, n), rng.integers(0, 2, n).astype(float)
    if alone:
        cells = np.where(clusters == 0, 9, cells)
    weights = np.where(arm == 1, 1.0, rng.choice([0.1, 0.4, 1.7], n))
    covariates = rng.normal(size=(n, 2))
    outcome = 1.5 * arm + covariates @ [1.0, -0.5] + cells + 0.6 * rng.normal(size=9)[clusters] + rng.normal(size=n)
    return outcome, arm, weights, clusters, cells, covariates


@pytest.mark.parametrize("alone", [False, True], ids=["cells cross clusters", "one cluster has its own cell"])
@pytest.mark.parametrize("seed", range(6))
def test_the_difference_is_the_dense_one(seed, alone):
    outcome, arm, weights, clusters, cells, covariates = sample(seed, alone)
    centred = covariates - np.average(covariates, weights=weights * arm, axis=0)
    design = np.column_stack([arm, *(cells == cell for cell in np.unique(cells)), centred, centred * arm[:, None]]).astype(float)
    estimate, variance, df = dense_cr2(outcome, design, weights, list(clusters), 0)

    found = weighted_contrast(outcome, arm, weights, clusters, cells, covariates)

    assert (found.estimate, found.df) == pytest.approx((estimate, df), rel=1e-8)
    assert found.upper - found.estimate == pytest.approx(stats.t.ppf(0.975, df) * math.sqrt(variance), rel=1e-8)


def test_several_outcomes_of_the_same_rows_have_the_differences_of_each():
    outcome, arm, weights, clusters, cells, covariates = sample(2, alone=True)
    other = np.where(outcome > 2.0, 100.0, 0.0)

    together = weighted_contrasts([outcome, other], arm, weights, clusters, cells, covariates)

    apart = [weighted_contrast(each, arm, weights, clusters, cells, covariates) for each in (outcome, other)]
    assert [vars(one) for one in together] == [pytest.approx(vars(one)) for one in apart]
    assert [none.why for none in weighted_contrasts([[], []], [], [], [])] == ["nothing recorded"] * 2


def test_the_difference_is_the_one_at_the_covariates_of_arm_1():
    # Without noise: arm 0 lies on 2x, arm 1 on 10 + 5x; where arm 1 is, at x = 3 on average, the lines are 10 + 3 * 3 apart.
    x, arm = np.array([0.0, 1, 2, 3, 4, 2, 3, 4]), np.array([0, 0, 0, 0, 0, 1, 1, 1])
    outcome = np.where(arm == 1, 10 + 5 * x, 2 * x)

    found = weighted_contrast(outcome, arm, np.ones(8), np.arange(8), covariates=x[:, None])

    assert found.estimate == pytest.approx(19.0)


def test_without_covariates_and_in_one_cell_it_is_the_difference_of_weighted_means():
    outcome, arm, weights, clusters, *_ = sample(1)

    found = weighted_contrast(outcome, arm, weights, clusters)

    by_hand = [np.average(outcome[arm == side], weights=weights[arm == side]) for side in (1, 0)]
    assert found.estimate == pytest.approx(by_hand[0] - by_hand[1])


def test_arms_that_cannot_be_told_apart_have_no_estimate():
    # Each cell has one arm only, so the cells say all that the arm could.
    found = weighted_contrast([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0], np.ones(4), [1, 2, 3, 4], cells=[1, 1, 2, 2])

    assert math.isnan(found.estimate) and found.why == "too few to compare"


def test_nothing_to_compare_is_said():
    found = weighted_contrast([], [], [], [])

    assert math.isnan(found.estimate) and found.why == "nothing recorded" and found.n == 0


def test_few_clusters_give_the_difference_without_an_interval():
    outcome, arm, weights, clusters, cells, covariates = sample(2)

    found = weighted_contrast(outcome, arm, weights, clusters % 4, cells, covariates)

    assert math.isfinite(found.estimate) and math.isnan(found.lower) and found.why == "fewer than 6 therapists"


@pytest.mark.parametrize("equal", [True, False], ids=["equal weights", "unequal weights"])
def test_weighted_means_are_the_dense_ones_at_every_point(equal):
    rng = np.random.default_rng(3)
    values = rng.normal(size=(120, 4))
    values[rng.random(values.shape) < 0.3] = np.nan
    clusters, weights = rng.integers(0, 8, 120), np.ones(120) if equal else rng.choice([0.2, 1.0, 2.5], 120)

    found = weighted_means(values, weights, clusters, 8)

    for point in range(4):
        known = ~np.isnan(values[:, point])
        mean, variance, df = dense_cr2(values[known, point], np.ones((known.sum(), 1)), weights[known], list(clusters[known]), 0)
        assert (found.mean[point], found.df[point], found.n[point]) == pytest.approx((mean, df, known.sum()))
        assert found.upper[point] - mean == pytest.approx(stats.t.ppf(0.975, df) * math.sqrt(variance))


def test_totals_by_group_leave_empty_groups_at_nought():
    assert by_group(np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), 4).tolist() == [[2.0], [0.0], [5.0], [0.0]]
