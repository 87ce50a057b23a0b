"""Cumulative incidence in clusters: the share is the kernel's, its derivative the one a small change of weights shows, its interval that of a share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process.measures.clustered_incidence import Waiting, clustered_incidence, influence, waiting
from process.measures.incidence import cumulative
from process.measures.intervals import clustered_shares

SUBJECTS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([-1, 0, 1]), st.integers(0, 5)), min_size=1, max_size=60)
NAMES = {0: "repaired", 1: "ended", -1: None}


def counted(subjects, horizon=8, fate=0):
    times, fates, clusters = (list(column) for column in zip(*subjects, strict=True))
    return waiting(times, fates, clusters, fate, horizon, 6)


@settings(max_examples=80, deadline=None)
@given(subjects=SUBJECTS)
def test_the_share_is_the_kernels(subjects):
    for fate in (0, 1):
        share, _ = influence(counted(subjects, fate=fate))
        table = cumulative([time for time, _, _ in subjects], [NAMES[fate] for _, fate, _ in subjects], horizon=8)
        expected = table[table["fate"] == NAMES[fate]].set_index("time")["incidence"]
        for time, value in expected[expected.index <= 8].items():
            assert share[int(time)] == pytest.approx(value, abs=1e-12)
        assert len(expected) or not share.any()


@settings(max_examples=60, deadline=None)
@given(subjects=SUBJECTS)
def test_the_derivative_is_what_a_small_change_of_weight_does(subjects):
    counts = counted(subjects)
    _, derivative = influence(counts)
    for cluster in range(6):
        slopes = []
        for sign in (1, -1):
            weights = 1 + sign * 1e-5 * (np.arange(6) == cluster)
            slopes.append(sign * influence(Waiting(*(part * weights for part in counts)))[0])
        np.testing.assert_allclose(derivative[:, cluster], sum(slopes) / 2e-5, atol=1e-7)
    np.testing.assert_allclose(derivative.sum(axis=1), 0, atol=1e-12)


def test_with_nobody_censored_the_interval_is_that_of_a_share():
    rng = np.random.default_rng(3)
    times, fates, clusters = rng.integers(0, 8, 150), rng.integers(0, 2, 150), rng.integers(0, 9, 150)
    found = clustered_incidence(waiting(times, fates, clusters, 0, 10, 9), np.full(11, 100))

    for until in range(11):
        sizes = np.bincount(clusters, minlength=9).astype(float)
        hits = np.bincount(clusters, weights=(times <= until) & (fates == 0), minlength=9)
        share = clustered_shares(sizes[None], hits[None], courses=[100])
        assert (found.mean[until], found.lower[until], found.upper[until]) == pytest.approx((share.mean[0], share.lower[0], share.upper[0]))


def test_censoring_widens_the_interval():
    rng = np.random.default_rng(5)
    times, fates, clusters = rng.integers(0, 10, 300), rng.integers(0, 2, 300), np.repeat(np.arange(10), 30)
    seen = np.where(rng.random(300) < 0.5, rng.integers(0, 10, 300), 99)
    censored = np.where(seen < times, -1, fates)
    whole = clustered_incidence(waiting(times, fates, clusters, 0, 9, 10), np.full(10, 300))
    part = clustered_incidence(waiting(np.minimum(times, seen), censored, clusters, 0, 9, 10), np.full(10, 300))

    assert part.upper[9] - part.lower[9] > whole.upper[9] - whole.lower[9]


def test_few_clusters_have_no_interval_and_a_reason():
    found = clustered_incidence(waiting([1, 2, 3], [0, 1, -1], [0, 1, 2], 0, 3, 3), np.full(4, 3))

    assert np.isnan(found.lower).all() and set(found.why) == {"fewer than 6 therapists"}
    assert found.mean.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])


def test_a_time_below_nought_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        waiting([-1], [0], [0], 0, 3, 1)


def test_the_interval_covers_the_truth_where_ruptures_of_a_therapist_are_alike():
    """500 clinics of 15 unequal therapists whose chance of repair differs; a third of the courses is still going. 95 % are promised."""
    rng = np.random.default_rng(11)
    sizes = np.array([3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40])
    clusters = np.repeat(np.arange(15), sizes)
    # The share a clinic of that make tends to, from one large clinic of the same therapists' distribution, without censoring.
    large = rng.beta(4, 6, 400_000)
    hazard = 0.5
    truth = _share(large, hazard)
    inside = 0
    for _ in range(500):
        chance = rng.beta(4, 6, 15)[clusters]
        times = rng.geometric(hazard, len(clusters)) - 1
        fates = np.where(rng.random(len(clusters)) < chance, 0, 1)
        seen = np.where(rng.random(len(clusters)) < 1 / 3, rng.integers(0, 5, len(clusters)), 99)
        counts = waiting(np.minimum(times, seen), np.where(seen < times, -1, fates), clusters, 0, 4, 15)
        found = clustered_incidence(counts, np.full(5, len(clusters)))
        inside += found.lower[3] <= truth <= found.upper[3]
    assert 0.92 <= inside / 500 <= 0.99


def _share(chance, hazard):
    return float(chance.mean() * (1 - (1 - hazard) ** 4))
