"""Different forms on one scale."""

import numpy as np
import pytest

from process.measures.pomp import rescale


@pytest.mark.parametrize(("score", "low", "high", "expected"), [(36, 12, 60, 50), (12, 12, 84, 0), (40, 0, 40, 100), (-1, -2, 2, 25)])
def test_a_score_is_the_percentage_of_the_maximum_possible(score, low, high, expected):
    assert rescale(score, low, high) == pytest.approx(expected)


def test_what_was_not_measured_stays_so():
    assert rescale([np.nan, 20], 0, 40).tolist() == pytest.approx([np.nan, 50.0], nan_ok=True)


@pytest.mark.parametrize(("score", "low", "high"), [(61, 12, 60), (5, 12, 60), (1, 4, 4)])
def test_a_score_outside_its_form_is_refused(score, low, high):
    with pytest.raises(ValueError, match="outside|not below"):
        rescale(score, low, high)


def test_a_sum_of_decimals_is_not_outside_its_form_by_the_last_bit():
    assert 0.1 + 0.2 > 0.3
    assert rescale(0.1 + 0.2, 0, 0.3) == 100.0
    assert rescale([-1e-12, 0.15], 0, 0.3).tolist() == [0.0, 50.0]
    with pytest.raises(ValueError, match="outside"):
        rescale(0.3001, 0, 0.3)


def test_endless_ranges_and_scores_are_refused():
    for score, low, high in [(np.inf, 0, 40), (-np.inf, 0, 40), (3, 0, np.inf), (3, -np.inf, 40)]:
        with pytest.raises(ValueError, match="outside|endless"):
            rescale(score, low, high)


def test_a_single_score_gives_a_number_that_can_be_rounded():
    assert round(rescale(1, 0, 3), 2) == 33.33
