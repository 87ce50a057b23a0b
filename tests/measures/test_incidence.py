"""Cumulative incidence against a table worked by hand, statsmodels, Kaplan-Meier, and plain shares where nobody is censored."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from process.measures.incidence import COLUMNS, cumulative

SUBJECTS = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["repaired", "ended", None])), min_size=1, max_size=40)


def of(table, fate, column="incidence"):
    return table[table["fate"] == fate].set_index("time")[column]


def test_a_table_by_hand():
    # time fates             at risk  survival before
    #  1   repaired             6        1          repaired 1/6
    #  2   ended, censored      5        5/6        ended    5/6 * 1/5 = 1/6   (events before censorings)
    #  4   repaired             3        4/6        repaired 1/6 + 4/6 * 1/3 = 7/18
    #  5   censored             2        4/9
    #  7   ended                1        4/9        ended    1/6 + 4/9 = 11/18
    table = cumulative([1, 2, 2, 4, 5, 7], ["repaired", "ended", None, "repaired", None, "ended"], horizon=10)

    assert table.columns.tolist() == COLUMNS
    assert of(table, "repaired").index.tolist() == [0, 1, 2, 4, 5, 7, 10]
    assert of(table, "repaired").tolist() == pytest.approx([0, 1 / 6, 1 / 6, 7 / 18, 7 / 18, 7 / 18, 7 / 18])
    assert of(table, "ended").tolist() == pytest.approx([0, 0, 1 / 6, 1 / 6, 1 / 6, 11 / 18, 11 / 18])
    assert of(table, "ended", "at_risk").tolist() == [6, 6, 5, 3, 2, 1, 0]


def test_limits_follow_from_the_variance_on_the_log_minus_log_scale():
    # nobody censored: F = 4/10 of 10, variance F (1 - F) / n = 0.024
    table = cumulative([1] * 4 + [2] * 6, ["repaired"] * 4 + ["ended"] * 6, horizon=2)
    power = 1.959964 * math.sqrt(0.024) / (0.4 * math.log(0.4))

    for time in (1, 2):
        assert (of(table, "repaired", "lower")[time], of(table, "repaired", "upper")[time]) == pytest.approx(
            (0.4 ** math.exp(-power), 0.4 ** math.exp(power)), rel=1e-5
        )


def test_ties_of_times_are_worked_off_together():
    times, fates = [3, 3, 3, 3, 8], ["repaired", "ended", "repaired", None, "ended"]
    table = cumulative(times, fates, horizon=3)

    assert of(table, "repaired")[3] == pytest.approx(2 / 5) and of(table, "ended")[3] == pytest.approx(1 / 5)
    assert of(table, "ended", "at_risk")[3] == 5
    assert cumulative(times[::-1], fates[::-1], horizon=3).equals(table)


def test_a_censored_fate_is_none_or_nan():
    assert cumulative([1, 2, 3], ["a", None, "a"], 3).equals(cumulative([1, 2, 3], ["a", np.nan, "a"], 3))
    assert cumulative(pd.Series([1, 2, 3]), pd.Series(["a", None, "a"]), 3).equals(cumulative([1, 2, 3], ["a", None, "a"], 3))


def test_beyond_the_last_time_the_last_value_is_held_with_nobody_at_risk():
    table = cumulative([1, 2], ["a", None], horizon=9)
    assert table.iloc[-1][["time", "incidence", "at_risk"]].tolist() == [9, 0.5, 0]


def test_what_comes_after_the_horizon_is_not_shown_and_counts_as_waiting():
    table = cumulative([1, 5, 6], ["a", "a", "b"], horizon=3)

    assert of(table, "a").to_dict() == pytest.approx({0: 0, 1: 1 / 3, 3: 1 / 3})
    assert of(table, "b").tolist() == [0, 0, 0] and of(table, "b", "at_risk").tolist() == [3, 3, 2]


def test_a_fate_met_at_once_counts_at_nought():
    assert of(cumulative([0, 4], ["a", "b"], 4), "a").tolist() == [0.5, 0.5]


def test_no_interval_where_nobody_or_everybody_met_the_fate():
    table = cumulative([1, 2, 3], ["a", "a", "a"], 3)
    assert of(table, "a").tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert of(table, "a", "lower").isna().tolist() == [True, False, False, True]


@pytest.mark.parametrize(("times", "fates"), [([], []), ([1, 2], [None, None]), ([np.nan], ["a"])], ids=str)
def test_nobody_with_a_fate_gives_no_rows(times, fates):
    table = cumulative(times, fates, 5)
    assert table.empty and table.columns.tolist() == COLUMNS


def test_one_subject_ends_all_at_once():
    assert of(cumulative([2], ["a"], 2), "a").tolist() == [0, 1]


def test_a_subject_without_a_time_is_left_out():
    assert cumulative([1, np.nan, 3], ["a", "a", "b"], 3).equals(cumulative([1, 3], ["a", "b"], 3))


@pytest.mark.parametrize(
    ("times", "fates", "horizon", "said"),
    [([-1], ["a"], 3, "0 or more"), ([1], ["a"], -3, "0 or more"), ([1], ["a"], np.nan, "0 or more"), ([1, 2], ["a"], 3, "one length")],
)
def test_impossible_times_are_refused(times, fates, horizon, said):
    with pytest.raises(ValueError, match=said):
        cumulative(times, fates, horizon)


def test_the_interval_covers_what_is_true():
    # fate a by time 4 with F = 0.6 (1 - e^-1); uniform censoring; 400 clinics of 150
    random, held = np.random.default_rng(5), 0
    truth = 0.6 * (1 - math.exp(-1))
    for _ in range(400):
        waited, seen = random.exponential(4, 150), random.uniform(0, 12, 150)
        fates = np.where(random.random(150) < 0.6, "a", "b").astype(object)
        fates[seen < waited] = None
        row = of(cumulative(np.minimum(waited, seen), fates, 4), "a", ["lower", "upper"]).loc[4]
        held += row["lower"] <= truth <= row["upper"]
    assert 0.93 <= held / 400 <= 0.97


@given(SUBJECTS)
def test_it_is_statsmodels_and_its_standard_error(subjects):
    times, fates = (np.array(column) for column in zip(*subjects, strict=True))
    table = cumulative(times, fates, 12)
    names = sorted({fate for fate in fates if fate is not None})
    if not names:
        assert table.empty
        return
    with np.errstate(all="ignore"):
        other = CumIncidenceRight(times, np.array([0 if fate is None else 1 + names.index(fate) for fate in fates]))
    for place, name in enumerate(names):
        found = table[table["fate"] == name].set_index("time").loc[other.times]
        assert found["incidence"].to_numpy() == pytest.approx(other.cinc[place])
        share, error = other.cinc[place], other.cinc_se[place]
        told = (share > 1e-9) & (share < 1 - 1e-9) & ~np.isnan(error)
        with np.errstate(all="ignore"):
            upper = share ** np.exp(1.959964 * error / (share * np.log(share)))
        assert found["upper"].to_numpy()[told] == pytest.approx(upper[told], rel=1e-4)


@given(SUBJECTS)
def test_one_fate_alone_is_one_minus_kaplan_meier(subjects):
    times, ended = np.array([time for time, _ in subjects]), np.array([fate is not None for _, fate in subjects])
    table = cumulative(times, np.where(ended, "over", None), 12)
    if not ended.any():
        return
    curve = SurvfuncRight(times, ended.astype(int))
    found = table.set_index("time").loc[curve.surv_times]
    assert 1 - found["incidence"].to_numpy() == pytest.approx(curve.surv_prob, abs=1e-12)
    assert found["at_risk"].to_numpy() == pytest.approx(curve.n_risk)


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from("ab")), min_size=1, max_size=30))
def test_without_censoring_it_is_the_plain_share_at_every_time(subjects):
    times, fates = (np.array(column) for column in zip(*subjects, strict=True))
    table = cumulative(times, fates, 12)

    shares = [np.mean((times <= row.time) & (fates == row.fate)) for row in table.itertuples()]
    assert table["incidence"].to_numpy() == pytest.approx(shares)
    share, told = np.array(shares), (np.array(shares) > 1e-9) & (np.array(shares) < 1 - 1e-9)
    error = np.sqrt(share * (1 - share) / len(times))
    with np.errstate(all="ignore"):
        lower = share ** np.exp(-1.959964 * error / (share * np.log(share)))
    assert table["lower"].to_numpy()[told] == pytest.approx(lower[told], rel=1e-4)


@given(SUBJECTS, st.randoms())
def test_the_order_of_subjects_and_the_unit_of_time_do_not_matter(subjects, random):
    times, fates = (list(column) for column in zip(*subjects, strict=True))
    mixed = random.sample(subjects, len(subjects))
    table, other = cumulative(times, fates, 12), cumulative(*zip(*mixed, strict=True), 12)
    weeks = cumulative([time * 7 for time in times], fates, 84)

    pd.testing.assert_frame_equal(table, other)
    pd.testing.assert_frame_equal(table.drop(columns="time"), weeks.drop(columns="time"))
