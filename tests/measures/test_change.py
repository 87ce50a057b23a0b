"""Reliable change and its categories equal the printed example of Jacobson & Truax 1991 and do not depend on a scale's direction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.measures.change import CATEGORIES, CRITICAL, classify, classify_by_threshold, cutoff, reliable_change

SCORES = st.lists(st.integers(0, 60) | st.just(np.nan), min_size=1, max_size=20)


def test_the_printed_index_comes_out():
    # Jacobson & Truax 1991, p. 14: pretest 32.5, posttest 47.5, SD 7.5, reliability .80: S_E 3.35, S_diff 4.74, RC = 3.16
    assert reliable_change(32.5, 47.5, 7.5, 0.80) == pytest.approx(3.16, abs=0.005)


@pytest.mark.parametrize(("kind", "expected"), [("a", 55.0), ("b", 45.0), ("c", 50.0)])
def test_the_printed_cut_offs_come_out(kind, expected):
    # the same table: clinical 40 (7.5), functional 60 (7.5), higher is better
    assert cutoff(kind, 40, 7.5, 60, 7.5) == expected


@pytest.mark.parametrize(("kind", "expected"), [("a", 20 - 2 * 5.0), ("b", 5 + 2 * 3.0), ("c", (3 * 20 + 5 * 5) / 8)])
def test_the_cut_offs_of_a_scale_where_lower_is_better(kind, expected):
    # clinical 20 (SD 5), functional 5 (SD 3): b takes the functional group's SD, c lies nearer to the group with the smaller one
    assert cutoff(kind, 20, 5, 5, 3) == pytest.approx(expected)


def test_cut_off_c_is_as_many_sds_from_either_group():
    edge = cutoff("c", 20, 5, 5, 3)
    assert (20 - edge) / 5 == pytest.approx((edge - 5) / 3)


# PHQ-9-like: S_diff = sqrt(2) * 5 * sqrt(0.2) = 3.162, so that 6.2 points are needed and 7 are enough; clinical from 10 up
@pytest.mark.parametrize(
    ("pre", "post", "category"),
    [
        (20, 8, "recovered"),
        (20, 13, "improved"),
        (20, 10, "improved"),  # at the cut-off is still clinical
        (9, 2, "improved"),  # never was clinical
        (12, 8, "unchanged"),  # across, but not reliably
        (12, 12, "unchanged"),
        (13, 20, "deteriorated"),
        (1, 8, "deteriorated"),
        (5, 18, "harmed"),
        (9, 16, "harmed"),
        (10, 17, "deteriorated"),
        (np.nan, 8, None),
        (20, np.nan, None),
    ],
)
def test_each_person_falls_in_one_category(pre, post, category):
    assert classify([pre], [post], 5, 0.8, 10).tolist() == [category]
    assert classify([27 - pre], [27 - post], 5, 0.8, 17, lower_is_better=False).tolist() == [category]


def test_a_change_of_exactly_the_critical_size_is_not_reliable():
    assert classify(0, 1.96 * np.sqrt(2) * np.sqrt(0.75), 1, 0.25, 5).item() == "unchanged"
    for pre, sd, reliability in [(pre, sd, r) for pre in (30, 27, 19.3, 100) for sd in (5, 6.1, 0.37) for r in (0.8, 0.9, 0.85)]:
        points = 1.96 * np.sqrt(2) * sd * np.sqrt(1 - reliability)
        assert classify([pre, pre], [pre - points, pre + points], sd, reliability, 15).tolist() == ["unchanged"] * 2
        assert classify(pre, pre - 1.0001 * points, sd, reliability, -999).item() == "improved"


def test_without_a_known_sd_or_reliability_there_is_no_category():
    assert classify([30, 30], [10, 10], [5, np.nan], 0.9, 15).tolist() == ["recovered", None]
    assert classify(30, 10, 5, np.nan, 15).item() is None
    assert np.isnan(reliable_change(30, 10, 5, np.nan))


@pytest.mark.parametrize("endless", [np.inf, -np.inf])
def test_endless_numbers_are_refused(endless):
    for pre, post, edge in [(endless, 10, 15), (30, endless, 15), (endless, endless, 15), (30, 10, endless)]:
        with pytest.raises(ValueError, match="endless"):
            classify([30, pre], [10, post], 5, 0.9, edge)
        with pytest.raises(ValueError, match="endless"):
            classify_by_threshold(pre, post, 6, edge)
    with pytest.raises(ValueError, match="endless"):
        reliable_change(30, endless, 5, 0.9)
    with pytest.raises(ValueError, match="endless"):
        cutoff("c", 20, 5, endless, 3)


def test_single_numbers_give_a_number_that_can_be_rounded():
    assert round(reliable_change(32.5, 47.5, 7.5, 0.80), 2) == 3.16
    assert round(cutoff("c", 20, 5, 5, 3), 2) == 10.62


def test_what_was_not_measured_stays_so():
    assert np.isnan(reliable_change([np.nan, 3], [4, np.nan], 2, 0.5)).all()


def test_no_score_gives_no_category():
    assert reliable_change([], [], 1, 0.5).shape == classify([], [], 1, 0.5, 3).shape == (0,)


def test_a_table_of_scores_keeps_its_shape():
    pre, post = np.full((3, 2), 20.0), np.array([[8, 20], [20, 8], [30, 20]])

    assert classify(pre, post, [5, 5], 0.8, 10).tolist() == [["recovered", "unchanged"], ["unchanged", "recovered"], ["deteriorated", "unchanged"]]


@pytest.mark.parametrize(("sd", "reliability", "said"), [(0, 0.8, "SD"), (-1, 0.8, "SD"), (5, 1.0, "reliability"), (5, -0.1, "reliability")])
def test_an_impossible_sd_or_reliability_is_refused(sd, reliability, said):
    with pytest.raises(ValueError, match=said):
        reliable_change(20, 10, sd, reliability)
    with pytest.raises(ValueError, match=said):
        classify(20, 10, sd, reliability, 12)


@pytest.mark.parametrize(
    ("given_numbers", "said"),
    [(("d", 40, 7, 60, 7), "known are"), (("a", 40, -1, 60, 7), "below 0"), (("b", 40, 7, 40, 7), "same mean"), (("c", 40, 0, 60, 0), "both SDs")],
)
def test_an_impossible_cut_off_is_refused(given_numbers, said):
    with pytest.raises(ValueError, match=said):
        cutoff(*given_numbers)


@given(SCORES, st.integers(0, 60), st.integers(-50, 50), st.integers(1, 60))
def test_moving_or_turning_the_scale_changes_no_category(pre, seed, shift, edge):
    post = np.random.default_rng(seed).integers(0, 61, len(pre)).astype(float)
    before = np.array(pre, dtype=float)
    found = classify(before, post, 6, 0.85, edge).tolist()

    assert set(found) <= {*CATEGORIES, None}
    assert classify(before + shift, post + shift, 6, 0.85, edge + shift).tolist() == found
    assert classify(60 - before, 60 - post, 6, 0.85, 60 - edge, lower_is_better=False).tolist() == found
    assert classify(before * 4, post * 4, 24, 0.85, edge * 4).tolist() == found


# PHQ-9 as NHS England's public code judges it: 6 points or more; at caseness from 10 up
@pytest.mark.parametrize(
    ("pre", "post", "category"),
    [
        (15, 9, "recovered"),
        (15, 10, "unchanged"),  # five points are not enough, wherever they end
        (16, 10, "improved"),  # six are; 10 is still a case
        (9, 3, "improved"),
        (9, 15, "harmed"),
        (10, 16, "deteriorated"),
        (2, 8, "deteriorated"),
        (np.nan, 8, None),
        (8, np.nan, None),
    ],
)
def test_a_published_threshold_counts_when_it_is_met(pre, post, category):
    assert classify_by_threshold([pre], [post], 6, 10).tolist() == [category]
    assert classify_by_threshold([27 - pre], [27 - post], 6, 17, lower_is_better=False).tolist() == [category]


def test_a_difference_of_decimal_scores_is_not_lost_to_the_last_bit():
    assert 24.9 - 18.3 < 6.6  # in binary
    assert classify_by_threshold(18.3, 24.9, 6.6, 25, lower_is_better=False).item() == "improved"


def test_without_a_cut_off_nobody_crosses_it():
    assert classify([20, 12, 5], [8, 12, 18], 5, 0.8, np.nan).tolist() == ["improved", "unchanged", "deteriorated"]
    assert classify_by_threshold([20, 12, 5], [8, 12, 18], 6, np.nan).tolist() == ["improved", "unchanged", "deteriorated"]


@pytest.mark.parametrize("threshold", [0, -1, np.nan])
def test_a_threshold_that_is_no_change_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold"):
        classify_by_threshold(20, 10, threshold, 12)


@given(SCORES, st.integers(0, 60), st.integers(1, 60))
def test_sd_and_reliability_are_the_threshold_that_they_make(pre, seed, edge):
    post = np.random.default_rng(seed).integers(0, 61, len(pre)).astype(float)
    points = CRITICAL * np.sqrt(2) * 6 * np.sqrt(0.15)  # 6.44: no whole difference meets it, so that "more than" and "or more" agree

    assert classify_by_threshold(pre, post, points, edge).tolist() == classify(pre, post, 6, 0.85, edge).tolist()
