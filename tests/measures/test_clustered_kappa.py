"""Weighted kappa against statsmodels, against a table worked by hand, and its interval against a bootstrap over therapists."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from process.measures.clustered_kappa import clustered_kappa

# Pairs of levels, -2 to +2: patient's down, therapist's across.
TABLE = np.array([[20, 5, 1, 0, 0], [4, 30, 8, 1, 0], [0, 9, 25, 6, 0], [0, 1, 5, 14, 2], [0, 0, 1, 2, 6]], dtype=float)


def one_cluster_a_pair(table):
    pairs = [(i, j) for i in range(5) for j in range(5) for _ in range(int(table[i, j]))]
    tables = np.zeros((5, 5, len(pairs)))
    for place, (i, j) in enumerate(pairs):
        tables[i, j, place] = 1
    return tables


def test_a_table_by_hand():
    # two levels of two raters: observed 0.7, expected 0.5, so kappa = (0.7 - 0.5) / (1 - 0.5) = 0.4 (Cohen 1960)
    table = np.array([[20.0, 5.0], [10.0, 15.0]])
    assert clustered_kappa(table[:, :, None]).mean == pytest.approx(0.4)


def test_it_is_the_weighted_kappa_of_statsmodels_and_its_standard_error_where_every_pair_stands_alone():
    other = cohens_kappa(TABLE, wt="linear")
    found = clustered_kappa(one_cluster_a_pair(TABLE))
    n = TABLE.sum()

    assert found.mean == pytest.approx(other.kappa)
    # Fleiss, Cohen & Everitt's variance, over n - 1 in the place of n
    half = 1.977 * np.sqrt(other.var_kappa * n / (n - 1))  # t(.975; 139)
    assert (found.lower, found.upper) == pytest.approx((other.kappa - half, other.kappa + half), abs=2e-4)


def test_ratings_that_are_always_equal_agree_fully_and_one_level_for_all_is_no_agreement_to_speak_of():
    equal = np.zeros((5, 5, 8))
    equal[[0, 2], [0, 2]] = 3.0
    assert clustered_kappa(equal).mean == pytest.approx(1.0)
    equal[0, 0] = 0.0
    assert np.isnan(clustered_kappa(equal).mean) and "one level" in clustered_kappa(equal).why


def test_without_pairs_and_with_few_therapists_the_reason_is_said():
    assert clustered_kappa(np.zeros((5, 5, 0))).why == "nothing recorded"
    assert clustered_kappa(np.repeat(TABLE[:, :, None], 5, axis=2)).why == "fewer than 6 therapists"


def test_the_interval_is_as_wide_as_a_bootstrap_over_therapists_says():
    rng = np.random.default_rng(5)
    tables = np.zeros((5, 5, 40))
    for therapist in range(40):
        apart = rng.normal(0, 0.7)  # therapists differ in how far they part from their patients
        for _ in range(rng.integers(5, 25)):
            patient = rng.integers(0, 5)
            tables[patient, int(np.clip(round(patient + apart + rng.normal(0, 0.6)), 0, 4)), therapist] += 1
    found = clustered_kappa(tables)

    again = [clustered_kappa(tables[:, :, rng.integers(0, 40, 40)]).mean for _ in range(1500)]
    error = (found.upper - found.lower) / 2 / 2.03
    assert error == pytest.approx(np.std(again), rel=0.12)
    alone = clustered_kappa(one_cluster_a_pair(tables.sum(axis=-1)))
    assert (alone.upper - alone.lower) < 0.75 * (found.upper - found.lower), "clusters must widen it"
