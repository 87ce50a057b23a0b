"""The model of how scores hang together: its likelihood, its forecasts, and that it recovers what pooled and centred autoregressions do not."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.tsa.statespace.sarimax import SARIMAX
from tests.reference import autoregressive

from process.measures.autoregression import Autoregression, Series, fit, forecasts, log_likelihood

MODEL = Autoregression(0.4, 13.0, 5.6, 4.6, (60.0, 1.0, 0.5, 0.2, 0.05), np.nan, 0, 0)


def apart(series):
    """(sessions, scores) of each course."""
    return [(series.session[series.course == one], series.score[series.course == one]) for one in np.unique(series.course)]


def series_of(seed, courses, **kind):
    return Series.of(*autoregressive.drawn(np.random.default_rng(seed), courses, **kind))


def test_the_likelihood_is_the_dense_normal_one():
    series = series_of(1, 40, missing=0.3)

    assert log_likelihood(series, MODEL) == pytest.approx(autoregressive.log_likelihood(MODEL, apart(series)), rel=1e-10)


def test_the_likelihood_of_one_course_is_that_of_statsmodels():
    # statsmodels has no level of its own for a course: between = 0, and the trend is taken off beforehand.
    model = replace(MODEL, between=1e-9)
    series = series_of(2, 1, shortest=30, longest=30, missing=0.0)
    theirs = SARIMAX(series.score - model.level(series.session), order=(1, 0, 0), measurement_error=True)

    expected = theirs.loglike([model.phi, model.error**2, model.state**2 * (1 - model.phi**2)])

    assert log_likelihood(series, model) == pytest.approx(expected, rel=1e-8)


def test_the_restricted_likelihood_is_the_dense_one():
    series = series_of(3, 30, missing=0.2)
    columns = np.eye(5)
    blocks = []
    for sessions, scores in apart(series):
        trend = np.column_stack([replace(MODEL, trend=tuple(one)).level(sessions) for one in columns])
        blocks.append((np.linalg.inv(autoregressive.covariance(MODEL, sessions)), trend, scores))
    information = sum(x.T @ v @ x for v, x, _ in blocks)
    slopes = np.linalg.solve(information, sum(x.T @ v @ y for v, x, y in blocks))
    rest = sum((y - x @ slopes) @ v @ (y - x @ slopes) for v, x, y in blocks)
    logs = sum(np.linalg.slogdet(v)[1] for v, _, _ in blocks)
    dense = -0.5 * ((len(series.score) - 5) * np.log(2 * np.pi) - logs + np.linalg.slogdet(information)[1] + rest)

    assert log_likelihood(series, MODEL, restricted=True) == pytest.approx(dense, rel=1e-9)


def test_a_forecast_is_the_dense_conditional_mean_and_uses_no_later_score():
    series = series_of(4, 25, missing=0.3)
    found = forecasts(series, MODEL, np.arange(len(series.score)), 3)

    for row in range(len(series.score)):
        so_far = np.flatnonzero((series.course == series.course[row]) & (series.session <= series.session[row]))
        assert found[row] == pytest.approx(autoregressive.expected(MODEL, series.session[so_far], series.score[so_far], 3))
    cut = series.session <= 5
    short = Series(series.course[cut], series.session[cut], series.score[cut])
    assert forecasts(short, MODEL, np.arange(cut.sum()), 3) == pytest.approx(found[cut])


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_it_recovers_an_autoregression_of_0_40_from_scores_with_gaps(seed):
    found = fit(series_of(seed, 3000, longest=40))

    assert found.phi == pytest.approx(0.40, abs=0.05)
    assert (found.between, found.state, found.error) == pytest.approx((13.0, 5.6, 4.6), rel=0.06)
    assert found.level([1, 40]) == pytest.approx([60.0, 66.0], abs=1.0)


def test_pooled_and_centred_autoregressions_do_not():
    series = series_of(11, 3000, shortest=30, longest=120, missing=0.0, rise=0.0)
    follows = (series.course[1:] == series.course[:-1]) & (series.session[1:] == series.session[:-1] + 1)
    mean = np.bincount(series.course, series.score) / np.bincount(series.course)

    def slope(x):
        before, after = x[:-1][follows], x[1:][follows]
        return np.polyfit(before, after, 1)[0]

    assert slope(series.score) == pytest.approx(0.82, abs=0.02)
    assert slope(series.score - mean[series.course]) == pytest.approx(0.23, abs=0.03)


def test_nothing_near_it_is_more_likely():
    series = series_of(5, 300)
    found = fit(series)
    best = log_likelihood(series, found, restricted=True)

    assert best == pytest.approx(found.log_likelihood)
    for name, step in (("phi", 0.05), ("between", 0.5), ("state", 0.3), ("error", 0.3)):
        for sign in (-1, 1):
            assert log_likelihood(series, replace(found, **{name: getattr(found, name) + sign * step}), restricted=True) < best


def test_short_courses_only_leave_the_later_trend_flat():
    found = fit(series_of(6, 200, longest=6))

    assert found.trend[3:] == (0.0, 0.0)


@pytest.mark.parametrize("courses", [0, 1, 19])
def test_too_few_courses_give_no_model(courses):
    assert fit(series_of(7, courses, shortest=10)) is None if courses else fit(Series.of([], [], [])) is None


def test_rows_may_come_in_any_order_and_a_missing_score_is_left_out():
    series = Series.of([1, 0, 1, 0], [2, 1, 1, 2], [4.0, 1.0, np.nan, 2.0])

    assert (series.course.tolist(), series.session.tolist(), series.score.tolist()) == ([0, 0, 1], [1, 2, 2], [1.0, 2.0, 4.0])
    assert series.gaps().tolist() == [0.0, 1.0, 0.0]
