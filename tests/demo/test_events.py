"""The awkward things that real clinics have are all present, and none that cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from tests.demo import figures


def ranked(records: dict[str, pd.DataFrame], rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of ruptures or steps with their attended rank."""
    return rows.merge(figures.attended(records)[["course_id", "session_number", "rank"]], how="left")


def test_no_step_comes_before_its_rupture_and_no_repair_before_an_acknowledgement(clinic):
    steps = clinic["rupture_steps"].merge(clinic["ruptures"][["rupture_id", "session_number"]], on="rupture_id", suffixes=("", "_onset"))
    assert (steps.session_number >= steps.session_number_onset).all()
    first = steps.pivot_table(index="rupture_id", columns="step", values="session_number", aggfunc="min")
    both = first.dropna(subset=["acknowledged", "repaired"])
    assert len(both) > 100
    assert (both.repaired >= both.acknowledged).all()


def test_some_ruptures_are_acknowledged_by_one_only_and_some_called_repaired_all_the_same(clinic):
    steps = clinic["rupture_steps"]
    said = steps[steps.step == "acknowledged"].groupby("rupture_id").by.nunique()
    one = set(said[said == 1].index)
    assert len(one) >= 20
    assert one & set(steps[steps.step == "repaired"].rupture_id)


def test_some_repairs_take_no_further_session_and_some_more_than_four(clinic):
    found = ranked(clinic, clinic["ruptures"])[["rupture_id", "course_id", "rank"]]
    steps = clinic["rupture_steps"].query("step == 'repaired'").merge(found[["rupture_id", "course_id", "rank"]].rename(columns={"rank": "onset"}))
    waited = ranked(clinic, steps).eval("rank - onset")
    assert (waited == 0).any() and (waited > 4).any()
    assert 1 <= waited.median() <= 4


def test_ruptures_occur_before_the_first_scores_and_in_the_last_session(clinic):
    ruptures, scores = clinic["ruptures"], clinic["scores"]
    first = scores[scores.instrument.isin(["wai_sr", "wai_srt"])].groupby("course_id").session_number.min()
    assert (ruptures.session_number < ruptures.course_id.map(first)).sum() >= 3
    assert (~ruptures.course_id.isin(first.index)).any()
    last = figures.attended(clinic).groupby("course_id").session_number.max()
    assert (ruptures.session_number == ruptures.course_id.map(last)).sum() >= 5


def test_ruptures_are_recorded_only_where_somebody_looked_and_noticed_by_somebody_who_did(clinic):
    found = clinic["ruptures"].merge(clinic["sessions"])
    assert len(found) == len(clinic["ruptures"])
    assert (found.rupture_reviewed != "no").all()
    alone = found[found.rupture_reviewed != "both"]
    assert (alone.noticed_by == alone.rupture_reviewed).all()


def test_some_courses_have_three_ruptures_or_the_same_theme_twice(clinic):
    ruptures = clinic["ruptures"]
    assert (ruptures.course_id.value_counts() >= 3).sum() >= 15
    assert ruptures.dropna(subset="theme").duplicated(["course_id", "theme"]).sum() >= 15
    assert ruptures.theme.isna().any() and ruptures.intensity.isna().any()


def test_ruptures_concentrate_in_longer_courses(clinic):
    long = figures.lengths(clinic, ended_only=False) > 16
    has = figures.rupture_group(clinic) != "none"
    assert has[long[long].index].mean() > 2 * has[long[~long].index].mean()


def test_caseloads_are_unequal_and_some_tiny(clinic):
    caseload = clinic["courses"].therapist_id.value_counts()
    assert len(caseload) == 24
    assert (caseload.between(2, 5)).sum() >= 2
    assert caseload.max() > 2 * caseload.median()


def test_every_ending_occurs_and_open_courses_run_up_to_the_day_of_the_records(clinic):
    courses = clinic["courses"].set_index("course_id")
    assert courses.ending.nunique() == 6
    assert (courses.ending == "unknown").mean() < 0.06
    last = figures.attended(clinic).groupby("course_id").week.max()
    as_of = pd.Timestamp(clinic["manifest"].as_of.iloc[0])
    assert last.max() <= as_of
    silent = (as_of - last[courses.index[courses.ending == "still_going"]]).dt.days
    assert silent.median() <= 21
    assert (silent > 60).any()


def test_no_course_begins_or_is_contacted_after_the_records_end(clinic):
    as_of = pd.Timestamp(clinic["manifest"].as_of.iloc[0])
    for rows in (clinic["courses"].start_week, clinic["courses"].last_contact_week.dropna(), clinic["sessions"].week):
        assert rows.max() <= as_of
    assert (as_of - clinic["courses"].start_week.min()).days > 3.3 * 365


def test_days_count_from_the_first_attended_session_and_never_run_backwards(clinic):
    sessions = clinic["sessions"]
    first = figures.attended(clinic).query("rank == 1").merge(clinic["courses"])
    assert (first.day == 0).all() and (first.week == first.start_week).all()
    ordered = sessions.sort_values(["course_id", "session_number"])
    assert (ordered.groupby("course_id").day.diff().dropna() >= 0).all()


def test_five_to_ten_per_cent_of_appointments_did_not_take_place(clinic):
    away = clinic["sessions"].attendance != "attended"
    assert 0.05 <= away.mean() <= 0.10
    assert clinic["sessions"].attendance.nunique() == 3


def test_many_courses_have_an_intake_assessment(clinic):
    assert 0.75 <= (clinic["sessions"].session_number == 0).sum() / len(clinic["courses"]) <= 0.9


def test_some_courses_have_no_alliance_score_and_therapists_miss_more(clinic):
    scores = figures.alliance(clinic)
    assert 0.03 < 1 - scores.groupby("course_id").patient.count().gt(0).mean() < 0.12
    assert scores.therapist.isna().mean() > scores.patient.isna().mean() + 0.08


def test_the_match_decision_is_on_record_for_some_and_those_who_part_have_short_courses(clinic):
    courses = clinic["courses"].set_index("course_id")
    assert 0.4 < courses.match_decision.notna().mean() < 0.8
    parted = courses.match_decision.isin(["refer", "change_therapist"])
    assert parted.sum() >= 20
    assert figures.lengths(clinic, ended_only=False)[courses.index[parted]].max() <= 5


def test_some_patients_come_back_to_somebody_else_after_the_first_course(clinic):
    courses = clinic["courses"].sort_values("start_week")
    last = figures.attended(clinic).groupby("course_id").week.max()
    again = courses[courses.patient_id.duplicated(keep=False)].assign(last=lambda rows: rows.course_id.map(last))
    assert len(again) >= 20
    for _, pair in again.groupby("patient_id"):
        assert len(pair) == 2 and pair.therapist_id.nunique() == 2
        assert pair["last"].iloc[0] < pair.start_week.iloc[1]


def test_goals_are_two_to_four_of_either_scale_with_every_fate(clinic):
    goals = clinic["goals"]
    begun = goals[~goals.goal_id.isin(goals.replaced_by)].groupby("course_id").size()
    assert set(begun) == {2, 3, 4}
    assert goals.groupby("course_id").scale.nunique().max() == 1
    assert goals.scale.value_counts(normalize=True)["gbo"] < 0.35
    assert set(goals.fate) == {"open", "reached", "replaced", "dropped"}
    assert set(goals.set_by) == {"patient", "therapist", "both"}
    ended = clinic["courses"].set_index("course_id").ending.reindex(goals.course_id) != "still_going"
    assert (ended.to_numpy() & (goals.fate == "open").to_numpy()).any()


def test_a_replaced_goal_names_a_successor_agreed_where_it_closed(clinic):
    goals = clinic["goals"]
    assert (goals.replaced_by.notna() == (goals.fate == "replaced")).all()
    assert (goals.closed_session.isna() == (goals.fate == "open")).all()
    link = goals[goals.fate == "replaced"].merge(goals, left_on="replaced_by", right_on="goal_id", suffixes=("", "_next"))
    assert len(link) >= 50
    assert (link.course_id == link.course_id_next).all() and (link.closed_session == link.agreed_session_next).all()


def test_no_goal_is_rated_before_it_is_agreed_or_after_it_is_closed(clinic):
    goals = clinic["goals"][["goal_id", "agreed_session", "closed_session", "fate"]]
    for name in ("goal_ratings", "goal_reviews"):
        rows = clinic[name].merge(goals)
        assert (rows.session_number >= rows.agreed_session).all()
        assert (rows.session_number <= rows.closed_session.fillna(10_000)).all()
    closing = clinic["goal_reviews"].merge(goals).query("outcome in ('reached', 'replaced', 'dropped')")
    assert (closing.outcome == closing.fate).all() and (closing.session_number == closing.closed_session).all()


def test_progress_is_slow_and_upwards(clinic):
    rows = clinic["goal_ratings"].merge(clinic["goals"]).query("scale == 'gas' and rater == 'patient'")
    rows = rows.assign(since=rows.session_number - rows.agreed_session)
    start, later = rows.level[rows.since == 0].mean(), rows.level[rows.since.between(8, 12)].mean()
    assert -1.9 < start < -1.3
    assert start + 0.4 < later < start + 1.8


def test_two_voices_rate_some_goals_and_do_not_always_agree(clinic):
    wide = clinic["goal_ratings"].pivot(index=["goal_id", "session_number"], columns="rater", values="level")
    assert set(wide.columns) == {"patient", "therapist", "both"}
    two = wide.dropna(subset=["patient", "therapist"])
    assert len(two) > 300
    assert 0.4 < (two.patient == two.therapist).mean() < 0.95


def test_some_courses_stand_still_for_five_sessions_and_more(clinic):
    """No goal moves over five attended sessions or more with at least two ratings in them, and no rupture is on record there."""
    goals = clinic["goals"][["goal_id", "course_id"]]
    ratings = clinic["goal_ratings"].query("rater != 'therapist'").drop_duplicates(["goal_id", "session_number"])
    rated = ranked(clinic, ratings.merge(goals)).dropna(subset="rank").sort_values(["goal_id", "rank"])
    run = (rated.level != rated.groupby("goal_id")["level"].shift()).cumsum()
    spans = rated.groupby(["course_id", "goal_id", run])["rank"].agg(["min", "max"])
    # All goals rated at that time must stand: the overlap of their longest spans.
    longest = spans.assign(span=spans["max"] - spans["min"]).sort_values("span").groupby(["course_id", "goal_id"]).last()
    overlap = longest.groupby("course_id")["max"].min() - longest.groupby("course_id")["min"].max()
    standing = overlap[overlap >= 5].index
    assert len(standing) >= 30
    assert len(set(standing) - set(clinic["ruptures"].course_id)) >= 10


def test_sudden_gains_occur_and_some_are_lost_again(clinic):
    """Tang and DeRubeis (1999) with a cut-off of 5 points: at least a quarter of the score before, and beyond the fluctuation around it."""
    scores = clinic["scores"].query("instrument == 'core_10'").sort_values(["course_id", "session_number"])
    gained, reversed_ = 0, 0
    for _, values in scores.groupby("course_id").value:
        series = values.to_numpy()
        for at in range(2, len(series) - 1):
            before, after = series[max(0, at - 3) : at], series[at : at + 3]
            size = series[at - 1] - series[at]
            if len(after) < 2 or size < 5 or size < 0.25 * series[at - 1]:
                continue
            pooled = np.sqrt((before.var(ddof=1) * (len(before) - 1) + after.var(ddof=1) * (len(after) - 1)) / (len(before) + len(after) - 2))
            reach = stats.t.ppf(0.975, len(before) + len(after) - 2) * pooled * np.sqrt(1 / len(before) + 1 / len(after))
            if before.mean() - after.mean() > reach:
                gained += 1
                reversed_ += bool((series[at + 1 :] >= series[at] + size / 2).any())
                break
    assert 40 <= gained <= 0.35 * scores.course_id.nunique()
    assert 5 <= reversed_ < gained
