"""The intervals equal published figures, a proven library, and the dense CR2; where there is too little for one, the reason is said."""

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint
from tests.reference.dense_cr2 import dense_cr2
from tests.reference.uncertainty import mean_interval, share_interval

from process.measures.intervals import clustered_mean, clustered_means, clustered_share, wilson

RNG = np.random.default_rng(7)


def carried(values, clusters):
    """What is carried behind one mean: degrees of freedom and the reason for no interval."""
    sizes = np.bincount(clusters).astype(float)
    return clustered_means(sizes[None], np.bincount(clusters, weights=values, minlength=len(sizes))[None])


def test_wilson_gives_newcombes_printed_figures():
    # Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3: 81/263, 15/148, 0/20, 1/29
    lower, upper = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    assert lower == pytest.approx([0.2553, 0.0624, 0.0000, 0.0061], abs=6e-5)
    assert upper == pytest.approx([0.3662, 0.1605, 0.1611, 0.1718], abs=6e-5)


def test_wilson_takes_single_numbers_and_another_level():
    assert [float(limit) for limit in wilson(7, 20, level=0.9)] == pytest.approx(proportion_confint(7, 20, alpha=0.1, method="wilson"))


def test_wilson_of_nothing_is_not_a_number():
    assert np.isnan(wilson(0, 0)).all()


def test_wilson_gives_floats_for_single_numbers_and_arrays_for_arrays():
    assert [type(limit) for limit in wilson(81, 263)] == [type(limit) for limit in wilson(np.float64(0), np.int64(0))] == [float, float]
    assert (round(wilson(81, 263)[0], 4), round(wilson(81, 263)[1], 4)) == (0.2553, 0.3662)
    assert [limit.shape for limit in wilson([81], 263)] == [(1,), (1,)]


@pytest.mark.parametrize("sizes", [[5] * 8, [1, 2, 3, 9, 14, 30, 7], [1] * 12, [40, 3, 3, 3, 3, 3, 3, 3]], ids=str)
def test_a_clustered_mean_is_the_dense_one(sizes):
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    values = RNG.normal(size=len(clusters)) + RNG.normal(size=len(sizes))[clusters]
    mean, variance, df = dense_cr2(values, np.ones((len(values), 1)), np.ones(len(values)), list(clusters), 0)

    found = clustered_mean(values, clusters)

    behind = carried(values, clusters)
    assert (found.mean, behind.df[0], found.n, found.clusters) == pytest.approx((mean, df, len(values), len(sizes)))
    if df >= 4:
        assert found.upper == pytest.approx(mean_interval(values, clusters)["upper"])
        assert found.mean - found.lower == pytest.approx(found.upper - found.mean)
    else:
        assert math.isnan(found.lower) and "degrees of freedom" in behind.why[0]


def test_equal_clusters_are_a_t_test_of_their_means():
    # With G equal clusters CR2 is the variance of G means over G, and the degrees of freedom are G - 1.
    values, clusters = RNG.normal(size=60), np.repeat(np.arange(10), 6)
    means = values.reshape(10, 6).mean(axis=1)

    found = clustered_mean(values, clusters)

    assert carried(values, clusters).df[0] == pytest.approx(9)
    assert found.upper - found.mean == pytest.approx(2.2621572 * means.std(ddof=1) / math.sqrt(10), rel=1e-6)


def test_many_points_at_once_are_each_their_own():
    counts, totals = RNG.integers(0, 6, (40, 9)).astype(float), RNG.normal(size=(40, 9))
    totals[counts == 0] = 0

    together = clustered_means(counts, totals)

    for point in range(40):
        alone = clustered_means(counts[[point]], totals[[point]])
        for name in ("mean", "lower", "upper", "df"):
            assert getattr(together, name)[point] == pytest.approx(getattr(alone, name)[0], nan_ok=True)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [([10] * 5, "fewer than 6 therapists"), ([300, 2, 2, 2, 2, 2, 2], "fewer than 4 degrees of freedom"), ([9], "fewer than 6 therapists"), ([0], "nothing")],
    ids=str,
)
def test_too_little_for_an_interval_is_said_in_words(sizes, said):
    clusters = np.repeat(np.arange(len(sizes)), sizes)

    values = RNG.normal(size=len(clusters))
    found = clustered_mean(values, clusters)

    why = carried(values, clusters).why[0] if len(clusters) else clustered_means([[0.0]], [[0.0]]).why[0]
    assert said in why and math.isnan(found.lower) and math.isnan(found.upper)


def test_what_was_not_measured_leaves_no_trace():
    values, clusters = RNG.normal(size=40), np.arange(40) % 8
    gaps = values.copy()
    gaps[::5] = np.nan
    with_gaps, without = clustered_mean(gaps, clusters), clustered_mean(values[~np.isnan(gaps)], clusters[~np.isnan(gaps)])

    assert (with_gaps.n, with_gaps.clusters) == (without.n, without.clusters)
    assert [with_gaps.mean, with_gaps.lower, with_gaps.upper] == pytest.approx([without.mean, without.lower, without.upper])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97, 1.0])
def test_a_clustered_share_is_wilson_on_the_effective_n(share):
    clusters = RNG.integers(0, 9, 150)
    successes = (RNG.random(150) < share).astype(float)

    found = clustered_share(successes, clusters)

    expected = share_interval(successes, clusters)
    assert [100 * found.lower, 100 * found.upper] == pytest.approx([expected["lower"], expected["upper"]], abs=1e-9)
    assert -1e-12 <= found.lower <= found.mean <= found.upper <= 1 + 1e-12


def test_clusters_may_have_any_labels():
    values = RNG.normal(size=24)
    plain = clustered_mean(values, np.arange(24) % 8)
    for labels in ([("clinic", n % 8) for n in range(24)], [f"t{n % 8}" for n in range(24)], [n % 8 if n % 8 else "none" for n in range(24)]):
        assert clustered_mean(values, labels) == pytest.approx(plain)
    assert clustered_mean([1.0, 2.0, 9.0], [("a", 1), ("a", 2), None])[3:] == (2, 2)


def test_clusters_that_differ_make_a_share_less_sure():
    successes = np.repeat([0.0, 1.0], 100)
    alike, apart = clustered_share(successes, np.arange(200) % 10), clustered_share(successes, np.arange(200) // 20)

    assert apart.upper - apart.lower > 1.8 * (alike.upper - alike.lower)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    # 12 therapists with very unequal caseloads who differ: a plain interval covers far less.
    sizes = np.array([2, 3, 4, 5, 8, 10, 12, 15, 20, 30, 40, 50])
    clusters = np.repeat(np.arange(12), sizes)
    rng, runs = np.random.default_rng(11), 1500
    values = rng.normal(size=(runs, len(clusters))) + 0.5 * rng.normal(size=(runs, 12))[:, clusters]
    totals = np.stack([values[:, clusters == g].sum(axis=1) for g in range(12)], axis=1)

    means = clustered_means(np.broadcast_to(sizes.astype(float), totals.shape), totals)

    covered = ((means.lower <= 0) & (means.upper >= 0)).mean()
    assert 0.93 <= covered <= 0.975


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: wilson(11, 10), "0 to n"),
        (lambda: wilson(-1, 10), "0 to n"),
        (lambda: wilson([1, 3], [2, 2]), "0 to n"),
        (lambda: wilson(1, 2, level=1.0), "between 0 and 1"),
        (lambda: clustered_mean([1.0, 2.0], ["a"]), "one length"),
        (lambda: clustered_mean([1.0, np.inf], ["a", "b"]), "endless"),
        (lambda: clustered_mean([1.0, 2.0], np.array([["a", "b"]])), "one length"),
        (lambda: clustered_mean([1.0, 2.0], ["a", "b"], level=95), "between 0 and 1"),
        (lambda: clustered_share([1.0, 2.0], ["a", "b"]), "a success is 1"),
    ],
)
def test_what_cannot_be_is_refused_in_words(ask, said):
    with pytest.raises(ValueError, match=said):
        ask()


def test_what_was_not_measured_has_no_interval_and_one_cluster_no_limits():
    assert np.isnan(wilson(np.nan, 10)).all() and np.isnan(wilson(0, 0)).all()
    one = clustered_mean([1.0, 2.0, 3.0], ["a", "a", "a"])
    assert one.mean == 2 and np.isnan([one.lower, one.upper]).all() and one.clusters == 1
    none = clustered_mean([np.nan], ["a"])
    assert np.isnan([none.mean, none.lower, none.upper]).all() and none.n == 0
