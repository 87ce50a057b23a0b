"""Each calibration figure with its tolerance: over the default clinic, and tighter over a large one where 1,500 courses are noisy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.demo import figures

from process.contract.tables import ENDED
from process.demo import Settings, simulate

# figure, published or asked-for value, tolerance in the default clinic, tolerance in a large one; sources in docs/demo-clinic.md.
SHARES = [
    ("courses without a rupture", 0.74, 0.025, 0.012),
    ("courses with unrepaired ruptures", 0.11, 0.02, 0.01),
    ("courses with repaired ruptures", 0.15, 0.02, 0.01),
    ("ended courses that the patient stopped", 0.20, 0.025, 0.01),
    ("attended sessions without the patient's alliance score, where the course has any", 0.09, 0.015, 0.008),
    ("sessions in which nobody looked for a rupture", 0.12, 0.01, 0.005),
]
POINTS = [
    ("mean of the patient's alliance", 69.6, 1.2, 0.5),
    ("SD of the patient's alliance", 12.4, 0.6, 0.4),
    ("mean of the therapist's alliance", 63.7, 1.2, 0.5),
    ("SD of the therapist's alliance", 11.0, 0.5, 0.4),
    ("correlation of the two", 0.56, 0.05, 0.02),
]


def measured(records: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Every figure of the two tables above."""
    group = figures.rupture_group(records).value_counts(normalize=True)
    scores = figures.alliance(records)
    rated = scores[scores.groupby("course_id").patient.transform("count") > 0]
    ending = records["courses"].ending
    reviewed = records["sessions"].rupture_reviewed.dropna()
    return {
        "courses without a rupture": group["none"],
        "courses with unrepaired ruptures": group["unrepaired"],
        "courses with repaired ruptures": group["repaired"],
        "ended courses that the patient stopped": (ending[ending.isin(ENDED)] == "patient_stopped").mean(),
        "attended sessions without the patient's alliance score, where the course has any": rated.patient.isna().mean(),
        "sessions in which nobody looked for a rupture": (reviewed == "no").mean(),
        "mean of the patient's alliance": scores.patient.mean(),
        "SD of the patient's alliance": scores.patient.std(),
        "mean of the therapist's alliance": scores.therapist.mean(),
        "SD of the therapist's alliance": scores.therapist.std(),
        "correlation of the two": scores.patient.corr(scores.therapist),
    }


@pytest.fixture(scope="module")
def default_figures(clinic):
    return measured(clinic)


@pytest.fixture(scope="module")
def large_figures(large):
    return measured(large)


@pytest.mark.parametrize(("figure", "target", "tolerance", "tight"), SHARES + POINTS)
def test_the_figure_is_met_in_the_default_clinic_and_in_a_large_one(figure, target, tolerance, tight, default_figures, large_figures):
    assert default_figures[figure] == pytest.approx(target, abs=tolerance)
    assert large_figures[figure] == pytest.approx(target, abs=tight)


def test_about_390_courses_of_the_default_clinic_have_a_rupture(clinic):
    assert 350 <= (figures.rupture_group(clinic) != "none").sum() <= 430


def test_withdrawal_is_more_frequent_than_confrontation_and_both_than_mixed(clinic):
    kinds = clinic["ruptures"].kind.value_counts()
    assert kinds["withdrawal"] > 1.5 * kinds["confrontation"]
    assert kinds["confrontation"] > 1.2 * kinds["mixed"] > 0


def test_therapists_share_five_to_six_per_cent_of_the_variance_of_the_outcome(clinic):
    many = figures.change(simulate(Settings(courses=100_000, therapists=2_500, seed=2)))
    assert 0.05 <= figures.therapist_share(many["last"], many.therapist_id) <= 0.06
    # With 24 therapists the estimate itself has a standard deviation of about 0.02.
    few = figures.change(clinic)
    assert 0.02 <= figures.therapist_share(few["last"], few.therapist_id) <= 0.09


def test_lengths_have_a_median_of_five_to_nine_and_a_tail_beyond_45(clinic, large):
    for records in (clinic, large):
        number = figures.lengths(records)
        assert 5 <= number.median() <= 9
        assert number.quantile(0.25) <= 4
        assert 12 <= number.quantile(0.75) <= 18
        assert 20 <= number.quantile(0.9) <= 28
        assert number.max() > 45
        assert 0.02 <= (number > 30).mean() <= 0.07


def test_lengths_lie_near_those_of_the_real_survey(clinic, shared_data):
    survey = pd.read_csv(shared_data / "SessionSurvey.csv")
    key = ["therapist_tag", "client_number", "session_number"]
    survey = survey[survey.therapist_tag.notna()].drop_duplicates(key)
    real = survey[survey.client_attend.eq(True)].groupby(key[:2]).size()
    ours = figures.lengths(clinic, ended_only=False)
    assert real.max() == 45
    for share, within in ((0.25, 2), (0.5, 4), (0.75, 4), (0.9, 4), (0.95, 5)):
        assert abs(ours.quantile(share) - real.quantile(share)) <= within


def test_repair_does_better_than_no_rupture_in_longer_courses_only(large):
    short, short_error = figures.repair_against_none(large, 2, 8)
    middle, middle_error = figures.repair_against_none(large, 9, 16)
    long, long_error = figures.repair_against_none(large, 17, 200)
    assert short - 2 * short_error < 0 and short < 0.5
    assert middle - 2 * middle_error < 0 and middle < 0.5
    assert long - 4 * long_error > 1


def test_the_default_clinic_shows_the_same(clinic):
    long, error = figures.repair_against_none(clinic, 17, 200)
    assert long > error > 0
    assert figures.repair_against_none(clinic, 2, 16)[0] < 1


def test_with_the_effects_off_repair_does_no_better_in_longer_courses():
    records = simulate(Settings(courses=40_000, therapists=800, seed=7, repair_effect=0, rupture_effect=0))
    long, error = figures.repair_against_none(records, 17, 200)
    assert abs(long) < 3 * error


def aligned(records: dict[str, pd.DataFrame], offset: int) -> pd.DataFrame:
    """By rupture: the patient's score that many sessions later less the mean of up to three before, and whether it was repaired."""
    scores = figures.alliance(records)
    found = records["ruptures"].assign(repaired=figures.repaired_ruptures(records).to_numpy())
    found = found.merge(scores[["course_id", "session_number", "rank"]])
    by_rank = scores.set_index(["course_id", "rank"]).patient
    take = lambda shift: by_rank.reindex(pd.MultiIndex.from_arrays([found.course_id, found["rank"] + shift])).to_numpy()  # noqa: E731
    before = pd.DataFrame({shift: take(-shift) for shift in (1, 2, 3)}).mean(axis=1)
    return found.assign(moved=take(offset) - before.to_numpy()).dropna(subset="moved")


def test_most_ruptures_but_not_all_come_with_a_fall(large):
    fell = (aligned(large, 0).moved < 0).mean()
    assert 0.7 < fell < 0.95


def test_the_alliance_recovers_partly_by_itself_and_fully_after_repair(large):
    onset = aligned(large, 0).groupby("repaired").moved.mean()
    later = aligned(large, 6).groupby("repaired").moved.mean()
    assert onset[False] < -6 and onset[True] < -6
    assert onset[False] + 3 < later[False] < -1
    assert later[True] > -0.5


def test_within_a_course_the_state_carries_over_by_about_forty_per_cent():
    """First-order autoregression plus error: the autocovariance falls by that part from lag 1 to lag 2, once the course's own level is taken out."""
    records = simulate(Settings(courses=20_000, therapists=300, seed=3, rupture_effect=0, repair_effect=0))
    scores = figures.alliance(records)
    wide = scores[scores["rank"].between(6, 30)].pivot(index="course_id", columns="rank", values="patient")
    wide = wide[wide.count(axis=1) >= 22]
    # Taking out the mean of a finite course lowers every autocovariance by nearly the same; the far lags, where none is left, show by how much.
    centred = wide.sub(wide.mean(axis=1), axis=0).to_numpy()
    n = centred.shape[1]
    lag = [np.nanmean(centred[:, k:] * centred[:, : n - k]) for k in range(n)]
    far = np.mean(lag[10:20])
    phi = (lag[2] - far) / (lag[1] - far)
    assert phi == pytest.approx(0.40, abs=0.06)
