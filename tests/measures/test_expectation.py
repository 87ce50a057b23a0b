"""What is expected after a fall: right on average where chance alone is at work, and its intervals hold the truth."""

import numpy as np
import pandas as pd
import pytest
from tests.clinics import counted
from tests.reference.autoregressive import drawn

from process.measures.against_expectation import PossibleRupturesAgainstExpectation
from process.measures.autoregression import Autoregression, Series
from process.measures.dips import dips
from process.measures.expectation import AHEAD, RULE, Expectation, later, onsets
from process.measures.parameters import stored
from process.measures.resampled import Draws, limits

MODEL = Autoregression(0.4, 13.0, 5.6, 4.6, (60.0, 0.0, 0.0, 0.0, 0.0), np.nan, 0, 0)
KNOWN = Expectation(MODEL, np.array([0.0, 50.0, 100.0]), np.zeros(3))
POOLED = 7.3


def excess(series):
    """Course, and observed minus expected, of each possible rupture that was followed; what the measure does, on scores alone."""
    rows = onsets(series, POOLED)
    apart = later(series, rows, AHEAD) - KNOWN.ahead(series, rows)
    known = ~np.isnan(apart)
    followed = known.any(axis=1)
    return series.course[rows][followed], (np.nan_to_num(apart).sum(axis=1) / np.maximum(known.sum(axis=1), 1))[followed]


def test_where_chance_alone_is_at_work_nothing_is_left_over_and_the_interval_holds_nothing():
    # The scores follow the model, without a trend; the low score itself lies 12 points under the level it fell from and rises by more than half of that.
    rng = np.random.default_rng(31)
    means, held, rises = [], [], []
    for _ in range(100):
        series = Series.of(*drawn(rng, 120, rise=0.0, shortest=5, longest=25))
        course, over = excess(series)
        numbers = np.unique(course, return_inverse=True)[1]
        draws = Draws.of(np.ones(len(over), dtype=np.int64), numbers, np.column_stack([over, np.ones(len(over))]), 400, 1).between((1, 1))
        low, high = limits(draws[0], draws[1])
        means.append(over.mean())
        held.append(low <= 0 <= high)
        rows = onsets(series, POOLED)
        rises.append(np.nanmean(later(series, rows, AHEAD)) - series.score[rows].mean())

    assert abs(np.mean(means)) < 0.15  # 2 % of the scores' standard deviation within courses
    assert 0.90 <= np.mean(held) <= 0.99
    assert np.mean(rises) > 6


def test_where_something_keeps_scores_low_it_is_found():
    series = Series.of(*drawn(np.random.default_rng(32), 600, rise=0.0, shortest=10, longest=25))
    score = series.score.copy()
    for row in onsets(series, POOLED):
        after = (series.course == series.course[row]) & (series.session > series.session[row]) & (series.session <= series.session[row] + AHEAD)
        score[after] -= 3.0

    # Sessions after one fall may lie in the next window too, so that a little more than 3 points is missing.
    assert excess(Series(series.course, series.session, score))[1].mean() == pytest.approx(-3.0, abs=0.8)


def test_onsets_are_those_of_the_kernel():
    series = Series.of(*drawn(np.random.default_rng(33), 200))
    wanted = [
        int(first) + episode.onset - 1
        for first, length in zip(*series.starts(), strict=True)
        for episode in dips(series.score[first : first + length], "drop_1sd", pooled_sd=POOLED)
    ]

    assert onsets(series, POOLED).tolist() == wanted


# session of the score, score; the one at session 5 is looked at
LATER = """
 5   50
 7   52
 8   53
"""


def test_a_session_without_a_score_after_the_fall_is_not_followed():
    session, score = (np.array(column, dtype=float) for column in zip(*(line.split() for line in LATER.strip().split("\n")), strict=True))
    series = Series.of(np.zeros(3, dtype=int), session, score)

    assert later(series, np.array([0, 2]), 3) == pytest.approx(np.array([[np.nan, 52, 53], [np.nan] * 3]), nan_ok=True)


def test_forecasts_are_corrected_in_straight_lines_and_flat_outside():
    series = Series.of([0, 0], [1, 2], [60.0, 60.0])
    shifted = Expectation(MODEL, np.array([50.0, 60.0, 70.0]), np.array([1.0, 2.0, 9.0]))

    assert shifted.ahead(series, np.array([1])) - KNOWN.ahead(series, np.array([1])) == pytest.approx(np.full((1, 3), 2.0))


def records(scores):
    """A clinic whose courses have these series of patient's scores, therapist after therapist."""
    found = counted(*((f"T{number % 8}", 1, len(series)) for number, series in enumerate(scores)))
    found["scores"] = pd.DataFrame(
        [
            {"course_id": f"C{number:03}", "session_number": at + 1, "instrument": "wai_sr", "form": "7_point", "rater": "patient", "value": float(score)}
            for number, series in enumerate(scores)
            for at, score in enumerate(series)
            if score is not None
        ]
    )
    return found


@pytest.fixture(scope="module")
def measure():
    return PossibleRupturesAgainstExpectation()


def test_a_clinic_with_too_few_scores_has_no_model_and_no_figure(opened, parameters, measure):
    query = opened(records([[60, 61, 60, 40], [50], [None, None]]))
    answer = measure.answer(measure.prepare(query, **parameters()), (0, 100))

    assert "alliance_autoregression" not in set(stored(query)["parameter"])
    assert answer.table.empty and answer.headlines.loc["difference", "why"] == "nothing recorded"


def test_flat_series_raise_nothing_and_a_fall_in_the_last_session_is_counted_and_not_followed(opened, parameters, measure):
    rng = np.random.default_rng(8)
    usual = [np.clip(np.rint(60 + 6 * rng.standard_normal() + 4 * rng.standard_normal(8)), 12, 84).tolist() for _ in range(30)]
    query = opened(records([[70] * 8, [70, 70, 70, 30], [70, 70, 70, 30, 60, 65, 70], *usual]))
    rows = query("select course_id, onset_rank, level, onset, observed_1, expected_1 from dip_expectations where course_id < 'C003' order by course_id")
    answer = measure.answer(measure.prepare(query, **parameters()), (4, 4))

    assert rows["course_id"].tolist() == ["C001", "C002"] and rows["onset_rank"].tolist() == [4, 4]
    assert rows["level"].tolist() == pytest.approx([100 * 58 / 72] * 2)
    assert np.isnan(rows["observed_1"][0]) and rows["observed_1"][1] == pytest.approx(100 * 48 / 72)
    assert (rows["onset"] < rows["expected_1"]).all() and (rows["expected_1"] < rows["level"] + 5).all()
    assert answer.headlines.loc["difference", ["dips", "followed", "courses"]].tolist() == [1, 0, 0] and answer.notes == {"not_followed": 1}


def test_draws_of_a_range_are_those_of_its_courses_and_the_same_every_time():
    lengths, course = np.array([3, 3, 3, 5, 9]), np.array([0, 0, 1, 2, 3])
    values = np.column_stack([np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.ones(5)])
    draws = Draws.of(lengths, course, values, 4000, 7)

    assert np.array_equal(draws.between((3, 9)), Draws.of(lengths, course, values, 4000, 7).between((3, 9)))
    assert draws.between((3, 5)) + draws.between((9, 9)) == pytest.approx(draws.between((0, 100)))
    assert not draws.between((6, 8)).any()
    # A course counts as a whole: its rows come 0, 1, 2 … times together. Poisson weights have mean and variance 1.
    first = draws.between((3, 3))
    assert first.mean(axis=1) == pytest.approx([6.0, 3.0], abs=0.2)
    assert first[1].var() == pytest.approx(2**2 + 1**2, rel=0.15)


def test_limits_of_a_mean_are_those_of_the_usual_standard_error():
    rng = np.random.default_rng(9)
    values = rng.normal(size=400)
    draws = Draws.of(np.ones(400, dtype=np.int64), np.arange(400), np.column_stack([values, np.ones(400)]), 4000, 3).between((1, 1))
    low, high = limits(draws[0], draws[1])
    half = 1.96 * values.std() / 20

    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)


def test_without_any_course_there_are_no_limits():
    nothing = Draws.of(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros((0, 2)), 50, 1).between((0, 9))

    assert nothing.shape == (2, 50) and np.isnan(limits(nothing[0], nothing[1])).all()


def test_what_is_printed_is_what_is_worked_out(measure):
    printed = {entry.name: entry.value for entry in measure.definition.parameters}

    assert printed["rule"] == RULE and printed["outcome_sessions"] == (1, AHEAD)
