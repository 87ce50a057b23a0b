"""Sudden gains and losses against a slow, plain reading of Tang & DeRubeis' three criteria."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from process.measures.gains import Shift, shifts, sudden

SERIES = st.lists(st.integers(0, 63) | st.just(math.nan), max_size=14)


def plainly(scores, threshold, losses=False):
    """Each neighbouring pair, criterion by criterion, with lists; statistics by scipy and numpy."""
    found = []
    for n in range(1, len(scores)):
        before, after = scores[n - 1], scores[n]
        change = after - before if losses else before - after
        pre = [score for score in scores[max(0, n - 3) : n] if not math.isnan(score)]
        post = [score for score in scores[n : n + 3] if not math.isnan(score)]
        if math.isnan(change) or change < threshold or change < 0.25 * before or len(pre) < 2 or len(post) < 2:
            continue
        df = len(pre) + len(post) - 2
        pooled = ((len(pre) - 1) * np.var(pre, ddof=1) + (len(post) - 1) * np.var(post, ddof=1)) / df
        apart = np.mean(post) - np.mean(pre) if losses else np.mean(pre) - np.mean(post)
        if not apart > stats.t.ppf(0.975, df) * math.sqrt(pooled):
            continue
        half = (before + after) / 2
        later = [score for score in scores[n + 1 :] if not math.isnan(score)]
        lost = any(score <= half for score in later) if losses else any(score >= half for score in later)
        found.append(Shift(n, before, after, change, lost))
    return found


def test_a_plain_gain_is_found_between_its_two_sessions():
    # means 30 and 15; SDs 1 and 1; 15 > 2.776 * 1
    assert sudden([31, 30, 29, 16, 15, 14], threshold=7) == [Shift(session=3, before=29, after=16, magnitude=13, reversed=False)]


def test_a_gain_half_of_which_is_lost_again_is_reversed():
    # 29 to 15, half of which is 22
    assert sudden([31, 30, 29, 15, 15, 15, 21.9], 7)[0].reversed is False
    assert sudden([31, 30, 29, 15, 15, 15, 22, 15], 7)[0].reversed is True


def test_a_scale_where_higher_is_better_is_turned_round_and_keeps_its_own_scores():
    # ORS, 0 to 40: distress 31, 30, 29, 16 ... as above
    assert sudden([9, 10, 11, 24, 25, 26], 7, lower_is_better=False, maximum=40) == [Shift(3, 11, 24, 13, False)]


def test_a_loss_is_found_the_other_way():
    assert sudden([14, 15, 16, 29, 30, 31], 7) == []
    assert sudden([14, 15, 16, 29, 30, 31], 7, losses=True) == [Shift(3, 16, 29, 13, False)]
    assert sudden([14, 15, 16, 29, 30, 31, 22.5], 7, losses=True)[0].reversed is True


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ([26, 26, 26, 20, 20, 20], "under the threshold"),
        ([40, 40, 40, 31, 31, 31], "under a quarter of the score before"),
        ([30, 40, 28, 20, 33, 20], "no more than the scatter around it"),
        ([30, 15, 15, 15], "one score before"),
        ([30, 30, 30, 15], "one score after"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_each_criterion_alone_keeps_a_change_out(scores, why):
    assert sudden(scores, 7) == [], why


@pytest.mark.parametrize("losses", [False, True])
def test_a_quarter_of_the_score_is_asked_of_a_loss_too(losses):
    scores = [40, 40, 40, 49, 49, 49]  # 9 points of 40 are under a quarter
    assert sudden(scores if losses else scores[::-1], 7, losses=losses) == []


def test_the_critical_value_is_that_of_the_scores_that_are_there():
    # SDs 2 and 2 round means 26 and 18: 8 > 2.776 * 2 with six scores; with two a side 8 < 4.303 * 2.83
    assert len(sudden([24, 26, 28, 20, 18, 16], 7)) == 1
    assert sudden([np.nan, 24, 28, 20, 16, np.nan], 7) == []
    assert len(sudden([np.nan, 27.5, 28, 20, 19.5, np.nan], 7)) == 1


def test_flat_sides_leave_only_the_size_to_judge():
    assert sudden([20, 20, 20, 12, 12, 12], 7) == [Shift(3, 20, 12, 8, False)]


@pytest.mark.parametrize("scores", [[], [20], [20, 10], [30, 30, 10], [np.nan] * 6, [12] * 8], ids=str)
def test_nothing_is_found_in_too_short_or_flat_a_series(scores):
    assert sudden(scores, 7) == sudden(scores, 7, losses=True) == []


def test_a_change_over_a_session_without_score_is_not_between_neighbours():
    assert sudden([30, 30, 30, np.nan, 10, 10, 10], 7) == []


@pytest.mark.parametrize(
    ("scores", "options", "said"),
    [
        ([30, 41, 20], {"lower_is_better": False, "maximum": 40}, "outside 0 to 40"),
        ([30, -1, 20], {}, "outside 0"),
        ([30, 20], {"lower_is_better": False}, "maximum"),
        ([30, 20], {"lower_is_better": False, "maximum": np.nan}, "maximum"),
        ([30, 20], {"lower_is_better": False, "maximum": np.inf}, "maximum"),
        ([30, 20], {"maximum": 0}, "maximum"),
        ([30, np.inf, 20], {}, "endless"),
        ([30, -np.inf, 20], {}, "endless"),
        ([[30, 20]], {}, "one series"),
    ],
    ids=str,
)
def test_a_score_outside_its_scale_or_a_scale_not_told_is_refused(scores, options, said):
    with pytest.raises(ValueError, match=said):
        sudden(scores, 7, **options)


def test_a_threshold_of_nothing_is_refused():
    with pytest.raises(ValueError, match="threshold"):
        sudden([3, 2, 1], 0)


@given(SERIES, st.integers(1, 15), st.booleans())
def test_the_plain_reading_agrees(scores, threshold, losses):
    found, expected = sudden(scores, threshold, losses=losses), plainly(scores, threshold, losses)
    assert found == expected


@given(SERIES, st.integers(1, 15), st.booleans())
def test_turning_the_scale_round_finds_the_same_shifts(scores, threshold, losses):
    turned = sudden([63 - score for score in scores], threshold, lower_is_better=False, losses=losses, maximum=63)

    assert [(found.session, found.magnitude, found.reversed) for found in turned] == [
        (found.session, found.magnitude, found.reversed) for found in sudden(scores, threshold, losses=losses)
    ]


@given(SERIES, st.integers(1, 15), st.sampled_from([0.5, 2.0, 8.0]))
def test_the_unit_of_the_scale_does_not_matter(scores, threshold, factor):
    scaled = sudden([score * factor for score in scores], threshold * factor)
    assert [found.session for found in scaled] == [found.session for found in sudden(scores, threshold)]


@given(st.lists(SERIES, max_size=8), st.integers(1, 15), st.booleans())
def test_many_courses_at_once_are_each_as_alone(courses, threshold, losses):
    long = np.array([score for scores in courses for score in scores], dtype=float)
    course = np.repeat(np.arange(len(courses)), [len(scores) for scores in courses])
    starts = np.cumsum([0, *(len(scores) for scores in courses)])
    found = shifts(long, course, threshold, losses)

    alone = [(at, shift.session, shift.magnitude, shift.reversed) for at, scores in enumerate(courses) for shift in sudden(scores, threshold, losses=losses)]
    assert [(course[at], at - starts[course[at]] + 1, size, lost) for at, size, lost in zip(found.at, found.magnitude, found.reversed, strict=True)] == alone


def test_where_a_shift_could_have_been_found_is_told():
    series = [[20, 20, 20, 20], [20, 20, np.nan, 20, 20], [20, 20, 20]]
    course = np.repeat([0, 1, 2], [4, 5, 3])

    judged = shifts(np.concatenate(series), course, 5).judged

    # between sessions 2 and 3 of the first course; the second has a gap there, the third too few sessions
    assert np.flatnonzero(judged).tolist() == [1]
