"""The interval of the fates of goals against a bootstrap over therapists, plain shares, and the kernel; and the fates of a few goals by hand."""

import numpy as np
import pytest

from process.measures.clustered_incidence import Waiting, clustered_incidence
from process.measures.goal_fates import reading
from process.measures.incidence import cumulative
from process.measures.intervals import clustered_shares


def counts(times, fates, clusters, fate, horizon):
    """What `clustered_incidence` needs, counted one by one; fates are 0 (open), 1, 2."""
    shape = horizon + 1, max(clusters) + 1
    at_risk, ended, met = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for time, what, cluster in zip(times, fates, clusters, strict=True):
        at_risk[: time + 1, cluster] += 1
        if time <= horizon and what:
            ended[time, cluster] += 1
            met[time, cluster] += what == fate
    return Waiting(at_risk, ended, met)


def goals(rng, therapists=30, spread=0.6):
    """Goals of therapists who differ in how soon their goals are reached."""
    times, fates, clusters = [], [], []
    for therapist in range(therapists):
        pace = 0.08 * np.exp(rng.normal(0, spread))
        for _ in range(int(rng.integers(8, 40))):
            reached, dropped, seen = rng.geometric(min(pace, 0.9)), rng.geometric(0.03), rng.geometric(0.06)
            first = min(reached, dropped, seen)
            times.append(int(first))
            fates.append(1 if first == reached else 2 if first == dropped else 0)
            clusters.append(therapist)
    return np.array(times), np.array(fates), np.array(clusters)


def test_the_share_is_that_of_the_kernel():
    times, fates, clusters = goals(np.random.default_rng(1))
    own = clustered_incidence(counts(times, fates, clusters, 1, 20), np.full(21, 500.0))
    kernel = cumulative(times, [None if fate == 0 else str(fate) for fate in fates], 20)

    kernel = kernel[(kernel["fate"] == "1") & (kernel["time"] <= 20)].set_index("time")["incidence"]
    assert own.mean[kernel.index.astype(int)] == pytest.approx(kernel.to_numpy())


def test_with_no_goal_left_open_it_is_the_interval_of_a_plain_share():
    rng = np.random.default_rng(2)
    clusters, fates = rng.integers(0, 12, 300), rng.integers(1, 3, 300)
    found = clustered_incidence(counts(rng.integers(0, 6, 300), fates, clusters, 1, 5), np.full(6, 300.0))

    share = clustered_shares(np.bincount(clusters)[None], np.bincount(clusters, weights=fates == 1)[None])
    assert (found.mean[5], found.lower[5], found.upper[5]) == pytest.approx((share.mean[0], share.lower[0], share.upper[0]))


def test_the_interval_is_as_wide_as_a_bootstrap_over_therapists_says():
    rng = np.random.default_rng(3)
    times, fates, clusters = goals(rng)
    here = counts(times, fates, clusters, 1, 12)
    found = clustered_incidence(here, np.full(13, 500.0))

    again = []
    for _ in range(600):
        drawn = rng.integers(0, 30, 30)
        again.append(clustered_incidence(Waiting(*(part[:, drawn] for part in here)), np.full(13, 500.0)).mean[12])
    assert (found.upper[12] - found.lower[12]) / 2 / 2.08 == pytest.approx(np.std(again), rel=0.15)


def test_intervals_hold_the_truth_where_therapists_differ_and_the_usual_one_does_not():
    rng = np.random.default_rng(4)
    truth = np.mean([(fates[times <= 10] == 1).sum() / len(times) for times, fates, _ in [_uncensored(rng) for _ in range(300)]])
    robust = plain = 0
    for _ in range(200):
        times, fates, clusters = goals(rng, therapists=20, spread=0.7)
        found = clustered_incidence(counts(times, fates, clusters, 1, 10), np.full(11, 400.0))
        robust += found.lower[10] <= truth <= found.upper[10]
        kernel = cumulative(times, [None if fate == 0 else str(fate) for fate in fates], 10)
        row = kernel[(kernel["fate"] == "1") & (kernel["time"] == 10)].iloc[0]
        plain += row["lower"] <= truth <= row["upper"]
    assert robust / 200 >= 0.90 and plain / 200 < 0.75


def _uncensored(rng):
    """The same goals, all of them followed to their fate, with many therapists."""
    pace = np.minimum(0.08 * np.exp(rng.normal(0, 0.7, 400)), 0.9)
    pace = np.repeat(pace, rng.integers(8, 40, 400))
    reached, dropped = rng.geometric(pace), rng.geometric(0.03, len(pace))
    return np.minimum(reached, dropped), np.where(reached <= dropped, 1, 2), pace


def test_fates_are_read_where_a_tenth_of_the_goals_is_still_followed():
    assert reading(np.array([100, 60, 30, 12, 9, 4]), 12, 0.1) == 3
    assert reading(np.array([100, 60, 30, 12, 11, 10]), 4, 0.1) == 4
    assert reading(np.array([0, 0, 0]), 12, 0.1) == 0
