"""The individuals chart against hand-worked limits and, rule by rule, small series whose answer can be seen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.measures.spc import is_trial, rules, xmr

# Mean 0, limits -3 and 3: the outer third begins at 2.
GIVEN = {"mean": 0.0, "lower": -3.0, "upper": 3.0}


def broken(values, rule):
    return np.flatnonzero(rules(values, **GIVEN)[rule]).tolist()


def test_limits_are_the_mean_and_2_66_mean_moving_ranges():
    # ranges 2, 3, 1, 2 (mean 2); mean 10.6
    chart = xmr([10, 12, 9, 10, 12])

    assert (chart.mean, chart.lower, chart.upper) == pytest.approx((10.6, 10.6 - 5.32, 10.6 + 5.32))
    assert not chart.flags.any() and chart.flags.shape == (5,)


def test_2_66_is_three_over_the_mean_range_of_two_normal_values():
    # d2 = 2 / sqrt(pi) and D4 = 1 + 3 d3 / d2, d3 = sqrt(2 - 4 / pi): the tables' 1.128, 2.660 and 3.267
    d2, d3 = 2 / math.sqrt(math.pi), math.sqrt(2 - 4 / math.pi)
    assert (round(3 / d2, 2), round(1 + 3 * d3 / d2, 3)) == (2.66, 3.267)


def test_moving_ranges_over_3_267_of_their_mean_are_screened_once():
    # ranges 1 x 8, 20, 19, 1 x 8: mean 55/18 = 3.06, screened over 9.98: two leave, the mean of the others is 1
    values = [0, 1, 0, 1, 0, 1, 0, 1, 0, 20, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    chart = xmr(values)

    assert chart.mean == pytest.approx(np.mean(values))
    assert chart.upper - chart.mean == pytest.approx(2.66)
    assert np.flatnonzero(rules(values, *chart[:3])["outside"]).tolist() == [9]


def test_screening_is_done_once_and_not_until_nothing_is_left():
    # mean range 20/9 = 2.22, limit 7.26: 8 leaves; of the rest (mean 1.5, limit 4.9) 5 would leave too, and stays
    values = np.cumsum([0, 1, 1, 1, 1, 1, 1, 1, 5, 8])
    assert xmr(values).upper - xmr(values).mean == pytest.approx(2.66 * 12 / 8)


def test_a_point_outside_the_limits_is_flagged():
    assert broken([0, 3.01, -3.01, 3.0, 1], "outside") == [1, 2]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 1, 1, 1, 1, 1], []),
        ([-1, 1, 1, 1, 1, 1, 1, 1, -1], [1, 2, 3, 4, 5, 6, 7]),
        ([-1, -2, -1, -1, -2, -1, -1, -1], [0, 1, 2, 3, 4, 5, 6, 7]),
        ([1, 1, 1, 1, 0, 1, 1, 1, 1], []),  # at the mean is on neither side
        ([1, 1, 1, np.nan, 1, 1, 1, 1], [0, 1, 2, 4, 5, 6, 7]),  # not measured is passed over
    ],
    ids=str,
)
def test_seven_on_one_side_are_a_shift(values, expected):
    assert broken(values, "shift") == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    # the first five are NHSRplotthedots' own tests of the trend rule
    [
        ([1, 2, 3, 4, 5, 6], []),
        ([1, 2, 3, 3, 4, 5, 6], []),
        ([1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6]),
        ([2, 1, 2, 3, 4, 5, 6, 7, 3], [1, 2, 3, 4, 5, 6, 7]),
        ([2, 7, 6, 5, 4, 3, 2, 1, 3], [1, 2, 3, 4, 5, 6, 7]),
        ([1, 2, np.nan, 3, 4, 5, 6, 7], [0, 1, 3, 4, 5, 6, 7]),
    ],
    ids=str,
)
def test_seven_rising_or_falling_are_a_trend(values, expected):
    assert broken(values, "trend") == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2.5, 0.5, 2.5, -1], [0, 2]),
        ([-2.5, -2.5, -0.5], [0, 1]),
        ([2.5, -0.5, 2.5], []),  # not all three on one side
        ([2.5, 0.5, 0.5, 2.5], []),
        ([2.0, 2.0, 0.5], []),  # at two thirds is not beyond
        ([2.5, 3.5, 0.5], []),  # outside the limits is another rule
    ],
    ids=str,
)
def test_two_of_three_near_a_limit(values, expected):
    assert broken(values, "two_in_three") == expected


def test_the_flags_are_those_of_any_rule():
    # 16 values by turns about 11, one far off, then eight at 12.5; the mean is 11.76, so that the last 12 begins a run of ten above it
    values = np.concatenate([np.tile([10.0, 12.0], 8), [18.0], np.full(8, 12.5)])
    chart = xmr(values)
    table = rules(values, chart.mean, chart.lower, chart.upper)

    assert chart.flags.tolist() == table.any(axis=1).tolist() == [False] * 15 + [True] * 10
    assert np.flatnonzero(table["outside"]).tolist() == [16] and table["shift"].sum() == 10


def test_a_series_of_equal_values_flags_nothing():
    chart = xmr([0.1] * 30)

    assert (chart.mean, chart.lower, chart.upper) == (0.1, 0.1, 0.1)
    assert not chart.flags.any()


def test_an_empty_series_has_no_chart():
    chart = xmr([])
    assert np.isnan([chart.mean, chart.lower, chart.upper]).all() and chart.flags.shape == (0,)
    assert np.isnan(xmr([np.nan, np.nan]).mean) and not xmr([np.nan, np.nan]).flags.any()


def test_one_value_has_a_mean_and_no_limits():
    chart = xmr([4.0])
    assert chart.mean == 4.0 and np.isnan([chart.lower, chart.upper]).all() and chart.flags.tolist() == [False]


def test_a_value_not_measured_makes_no_moving_range():
    # ranges 2 and 2, not the 10 across the gap
    assert xmr([10, 12, np.nan, 2, 4]).upper == pytest.approx(7 + 2.66 * 2)


def test_limits_of_under_thirteen_values_are_trial_limits():
    assert is_trial(range(12)) and not is_trial(range(13))
    assert is_trial([*range(12), np.nan])


@pytest.mark.parametrize("endless", [float("inf"), -float("inf")])
def test_an_endless_value_is_refused(endless):
    with pytest.raises(ValueError, match="endless"):
        xmr([1, endless, 2])


def test_a_table_is_no_series():
    with pytest.raises(ValueError, match="one series"):
        xmr([[1, 2], [3, 4]])


@given(st.lists(st.integers(-20, 20) | st.just(math.nan), max_size=40), st.integers(-100, 100), st.sampled_from([-4.0, -1.0, 0.5, 2.0]))
def test_moving_turning_or_stretching_the_scale_moves_the_chart_with_it(values, shift, factor):
    x = np.array(values, dtype=float)
    chart, moved = xmr(x), xmr(x * factor + shift)
    lower, upper = sorted([chart.lower * factor, chart.upper * factor]) if factor < 0 else (chart.lower * factor, chart.upper * factor)

    assert [moved.mean, moved.lower, moved.upper] == pytest.approx([chart.mean * factor + shift, lower + shift, upper + shift], nan_ok=True)
    assert moved.flags.tolist() == chart.flags.tolist()


# NHSRplotthedots 0.2.2 (NHS-R Community), tests/testthat/_snaps/ptd_spc_standard.md: R's first twenty normal values from the seed 123.
NORMAL = [
    *(-0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499, 0.46091621, -1.26506123, -0.68685285, -0.44566197),
    *(1.22408180, 0.35981383, 0.40077145, 0.11068272, -0.55584113, 1.78691314, 0.49785048, -1.96661716, 0.70135590, -0.47279141),
]


def test_limits_are_those_of_the_making_data_count_programme():
    assert xmr(NORMAL)[:3] == pytest.approx((0.1416238, -3.01138, 3.294627), abs=2e-6)


def test_screened_limits_are_those_of_the_making_data_count_programme():
    assert xmr([*NORMAL[:14], 10.0, *NORMAL[15:]])[:3] == pytest.approx((0.6694159, -2.383666, 3.722497), abs=2e-6)


def test_two_near_opposite_limits_are_common_cause():
    # the programme's own test: 1 and -1 by turns, then 5.5 and -5.5
    chart = xmr([1, -1] * 7 + [5.5, -5.5])
    assert not chart.flags[-2:].any()
