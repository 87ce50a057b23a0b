"""Possible ruptures, rule by rule, on series whose answer can be seen, and against a slow, plain reading of the rules."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.measures.dips import Episode, dips
from process.measures.spc import xmr

SERIES = st.lists(st.integers(0, 40) | st.just(math.nan), max_size=16)


def plainly(scores, rule, pooled_sd=None, reliable_change=None):
    """Session by session, with lists: [(onset, trough, returned, magnitude)]."""
    sessions = [(number, score) for number, score in enumerate(scores, start=1) if not math.isnan(score)]
    found, level, trough, onset = [], None, None, None
    for place, (number, score) in enumerate(sessions if len(sessions) > 2 else []):
        if onset is not None:
            if score >= level - (level - trough[1]) / 4 - 1e-9 and (rule != "srs_cutoff" or score >= 36):
                found.append((onset, trough[0], number, level - trough[1]))
                onset = None
            elif score < trough[1]:
                trough = (number, score)
            continue
        before = [earlier for _, earlier in sessions[:place]]
        if rule.startswith("drop") and len(before) >= 3:
            level, sd = statistics.fmean(before), max(statistics.stdev(before), pooled_sd or 0)
            needed = sd * (1 if rule == "drop_1sd" else 2)
            fell = needed > 0 and level - score >= needed - 1e-9
        elif rule == "reliable_drop" and before:
            level = before[-1]
            fell = level - score >= reliable_change
        elif rule == "xmr":
            chart = xmr([each for _, each in sessions])
            level, fell = chart.mean, chart.mean - chart.lower > 1e-6 and score < chart.lower - 1e-9
        elif rule == "srs_cutoff":
            level = max([36, *before[-1:]])
            fell = score < 36 or (before != [] and before[-1] - score >= 1)
        else:
            fell = False
        if fell:
            onset, trough = number, (number, score)
    return found + ([(onset, trough[0], None, level - trough[1])] if onset else [])


def test_a_single_dip_of_one_session():
    # level 70, SD 2: 68 or less is a fall; back at 70 - 10/4 = 67.5
    assert dips([68, 70, 72, 60, 69, 70]) == [Episode(onset=4, trough=4, returned=5, magnitude=10, length=1, state="single")]


def test_a_spanning_dip_goes_through_its_trough():
    # the drop grows to 20 at the trough: back at 70 - 5
    assert dips([68, 70, 72, 60, 50, 64.9, 65, 70]) == [Episode(4, 5, 7, 20, 3, "spanning")]


def test_a_dip_that_never_came_back_has_no_return():
    assert dips([68, 70, 72, 60, 50, 55]) == [Episode(4, 5, None, 20, 3, "spanning")]
    assert dips([68, 70, 72, 60]) == [Episode(4, 4, None, 10, 1, "single")]


def test_three_dips_are_a_theme():
    series = [68, 70, 72, 40, 70, 70, 70, 40, 70, 70, 70, 70]
    assert [found.state for found in dips(series)] == ["single", "single"]
    assert [found.state for found in dips([*series, 40])] == ["recurring"] * 3
    assert [found.state for found in dips(series, recurring=2)] == ["recurring"] * 2


def test_the_stricter_of_the_two_sds_decides():
    # the course's own SD is 2, the level 70
    assert dips([68, 70, 72, 67]) != []
    assert dips([68, 70, 72, 67], pooled_sd=5) == []
    assert dips([68, 70, 72, 65], pooled_sd=5) != []
    assert dips([50, 70, 90, 60], pooled_sd=5) == []  # own SD 20


def test_a_drop_of_two_sds_needs_twice_the_fall():
    assert dips([68, 70, 72, 66.1], "drop_2sd") == []
    assert dips([68, 70, 72, 66], "drop_2sd") == [Episode(4, 4, None, 4, 1, "single")]


def test_a_flat_series_raises_nothing():
    for rule, options in [("drop_1sd", {}), ("drop_1sd", {"pooled_sd": 5}), ("drop_2sd", {}), ("reliable_drop", {"reliable_change": 5}), ("xmr", {})]:
        assert dips([0.1] * 12, rule, **options) == []
    assert dips([38] * 12, "srs_cutoff") == []


def test_an_own_sd_of_nothing_raises_nothing_and_a_pooled_one_stands_in():
    assert dips([70, 70, 70, 40]) == []
    assert dips([0.1, 0.1, 0.1, 0.05]) == []  # not even by rounding
    assert dips([70, 70, 70, 40], pooled_sd=8) == [Episode(4, 4, None, 30, 1, "single")]


@pytest.mark.parametrize("unit", [1e-10, 1.0, 1e6])
def test_scores_that_are_equal_but_for_rounding_raise_nothing(unit):
    flat = [0.3 * unit, (0.1 + 0.2) * unit, 0.3 * unit, 0.3 * unit]
    assert 0.1 + 0.2 != 0.3
    for rule, options in [("drop_1sd", {}), ("drop_2sd", {}), ("reliable_drop", {"reliable_change": 1e-17 * unit}), ("xmr", {}), ("xmr", {"causal": 1})]:
        assert dips(flat, rule, **options) == dips(flat[::-1], rule, **options) == []


@pytest.mark.parametrize("unit", [1e-10, 1.0, 1e6])
def test_scores_in_a_tiny_or_huge_unit_dip_as_any_others(unit):
    assert dips([1 * unit, 2 * unit, 3 * unit, 9 * unit]) == []  # a rise
    found = dips([68 * unit, 70 * unit, 72 * unit, 60 * unit, 67 * unit, 67.5 * unit])
    assert [episode[:3] for episode in found] == [(4, 4, 6)]


@pytest.mark.parametrize(
    ("scores", "options"),
    [([70] * 6 + [69] + [70] * 14 + [69.9], {"causal": 1}), ([70] * 10 + [69] + [70] * 10, {}), ([0.3, 0.1 + 0.2] * 5 + [0.2], {"causal": 1})],
)
def test_limits_of_no_width_raise_nothing(scores, options):
    # in the first two, screening leaves only ranges of 0; in the third they are rounding
    assert dips(scores, "xmr", **options) == []


@pytest.mark.parametrize("scores", [[], [70], [70, 10], [70, np.nan, 10], [np.nan] * 5], ids=str)
@pytest.mark.parametrize("rule", ["drop_1sd", "drop_2sd", "reliable_drop", "xmr", "srs_cutoff"])
def test_two_scores_are_too_short_to_tell(scores, rule):
    options = {"reliable_change": 5} if rule == "reliable_drop" else {}
    assert dips([score / 2 for score in scores], rule, pooled_sd=1, **options) == []


def test_the_running_level_needs_three_scores():
    assert dips([70, 72, 30, 71], pooled_sd=5) == []
    assert dips([70, 72, 30, 71], pooled_sd=5, earlier=2)[0].onset == 3


def test_what_was_not_measured_is_passed_over_and_keeps_its_number():
    assert dips([68, np.nan, 70, 72, np.nan, 60, np.nan, 70]) == [Episode(onset=6, trough=6, returned=8, magnitude=10, length=2, state="spanning")]


def test_a_reliable_drop_is_from_the_score_before():
    assert dips([70, 66, 62, 58], "reliable_drop", reliable_change=5) == []
    assert dips([70, 65, 62, 69], "reliable_drop", reliable_change=5) == [Episode(2, 3, 4, 8, 2, "spanning")]


def test_a_reliable_drop_needs_the_instruments_own_reliable_change():
    with pytest.raises(ValueError, match="needs `reliable_change`"):
        dips([70, 60, 70], "reliable_drop")


def test_the_chart_rule_takes_what_lies_under_the_lower_limit():
    scores = [70, 71, 70, 71, 70, 71, 50, 71, 70, 71, 70, 71]
    chart = xmr(scores)
    found = dips(scores, "xmr")

    assert chart.lower > 50
    assert found == [Episode(7, 7, 8, pytest.approx(chart.mean - 50), 1, "single")]


def test_the_causal_chart_does_not_look_ahead():
    scores = [70, 71, 70, 71, 60, 70, 71, 70, 20, 70]
    found = dips(scores, "xmr", causal=1)

    assert [episode.onset for episode in found] == [5, 9]
    assert [episode.onset for episode in dips(scores[:6], "xmr", causal=1)] == [5]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([38, 38, 37.5, 38], []),
        ([38, 38, 37, 38], [Episode(3, 3, 4, 1, 1, "single")]),  # a fall of one point
        ([36, 36, 35.5, 36], [Episode(3, 3, 4, 0.5, 1, "single")]),  # under 36
        ([30, 35.9, 36, 38], [Episode(1, 1, 3, 6, 2, "spanning")]),  # low from the start: not back before 36
        ([40, 36, 37, 39], [Episode(2, 2, 4, 4, 2, "spanning")]),
    ],
    ids=str,
)
def test_the_srs_rule_takes_the_cut_off_or_a_fall_of_one(scores, expected):
    assert dips(scores, "srs_cutoff") == expected


def test_a_score_outside_the_srs_is_refused():
    with pytest.raises(ValueError, match="outside 0 to 40"):
        dips([38, 41, 37], "srs_cutoff")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: dips([1, 2, 3], "drop_3sd"), "Did you mean `drop_"),
        (lambda: dips([1, 2, 3], k_sd=2), "no parameter `k_sd`"),
        (lambda: dips([1, 2, 3], pooled_sd=-1), "pooled SD"),
        (lambda: dips([3, 3, 3], "reliable_drop", reliable_change=0), "above 0"),
        (lambda: dips([1, 2, 3], pooled_sd=np.inf), "pooled SD"),
        (lambda: dips([1, 2, 3], pooled_sd=np.nan), "pooled SD"),
        (lambda: dips([1, 2, 3], k=np.nan), "above 0"),
        (lambda: dips([1, 2, 3], k=0), "above 0"),
        (lambda: dips([1, 2, 3], k=-1), "above 0"),
        (lambda: dips([1, 2, 3], earlier=0), "1 or more"),
        (lambda: dips([1, 2, 3], recurring=1), "2 or more"),
        (lambda: dips([1, 2, 3], tolerance=1.5), "0 to 1"),
        (lambda: dips([1, 2, 3], tolerance=-0.1), "0 to 1"),
        (lambda: dips([1, 2, 3], tolerance=np.nan), "0 to 1"),
        (lambda: dips([1, 2, 3], "xmr", causal=2), "0 or 1"),
        (lambda: dips([1, 2, 3], "srs_cutoff", fall=0), "above 0"),
        (lambda: dips([1, 2, 3], "srs_cutoff", cutoff=np.nan), "a score"),
        (lambda: dips([1, 2, np.inf]), "endless"),
        (lambda: dips([1, 2, -np.inf], "xmr"), "endless"),
        (lambda: dips([[1, 2, 3]]), "one series"),
    ],
)
def test_an_unknown_rule_or_parameter_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("drop_1sd", {}),
        ("drop_1sd", {"pooled_sd": 4.0}),
        ("drop_2sd", {"pooled_sd": 2.0}),
        ("reliable_drop", {"reliable_change": 6}),
        ("xmr", {}),
        ("srs_cutoff", {}),
    ],
    ids=str,
)
@given(scores=SERIES)
def test_the_plain_reading_agrees(rule, options, scores):
    found = dips(scores, rule, **options)

    expected = plainly(scores, rule, **options)
    assert [(episode.onset, episode.trough, episode.returned) for episode in found] == [episode[:3] for episode in expected]
    assert [episode.magnitude for episode in found] == pytest.approx([episode[3] for episode in expected])
    assert all(episode.length >= 1 and (episode.state == "recurring") == (len(found) >= 3) for episode in found)


@pytest.mark.parametrize(("rule", "options"), [("drop_1sd", {}), ("drop_2sd", {}), ("xmr", {}), ("reliable_drop", {"reliable_change": 6})], ids=str)
@given(scores=SERIES, shift=st.integers(-100, 100))
def test_adding_a_constant_changes_no_dip(rule, options, scores, shift):
    moved = dips([score + shift for score in scores], rule, **options)
    found = dips(scores, rule, **options)

    assert [episode._replace(magnitude=0) for episode in moved] == [episode._replace(magnitude=0) for episode in found]
    assert [episode.magnitude for episode in moved] == pytest.approx([episode.magnitude for episode in found])


@given(scores=SERIES, factor=st.sampled_from([0.5, 2.0, 4.0]))
def test_the_unit_of_the_scale_does_not_matter(scores, factor):
    scaled = dips([score * factor for score in scores], pooled_sd=4 * factor)
    assert [episode[:3] for episode in scaled] == [episode[:3] for episode in dips(scores, pooled_sd=4)]


@pytest.mark.parametrize(
    ("rule", "options"), [("drop_1sd", {"pooled_sd": 4.0}), ("reliable_drop", {"reliable_change": 6}), ("srs_cutoff", {}), ("xmr", {"causal": 1})], ids=str
)
@given(scores=SERIES, kept=st.integers(3, 16))
def test_later_scores_never_change_an_onset(rule, options, scores, kept):
    if np.isfinite(scores[:kept]).sum() < 3:
        return
    onsets = [episode.onset for episode in dips(scores, rule, **options) if episode.onset <= kept]
    assert [episode.onset for episode in dips(scores[:kept], rule, **options)] == onsets
