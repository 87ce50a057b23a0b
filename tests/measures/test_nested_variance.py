"""Variance between therapists, courses and sessions: a worked table, restricted maximum likelihood on equal numbers, and what the intervals cover."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from process.measures.nested_variance import PARTS, SUMS, parts


def sums(scores: pd.DataFrame, by: str = "therapist") -> dict[str, np.ndarray]:
    """The sums of each cluster from a frame with therapist, course and score."""
    courses = scores.assign(cluster=scores[by]).groupby(["cluster", "course"], sort=True)["score"].agg(["size", "sum"]).reset_index()
    squares = scores.assign(square=scores["score"] ** 2).groupby(by)["square"].sum()
    courses["means"], courses["sizes"] = courses["sum"] ** 2 / courses["size"], courses["size"] ** 2
    added = courses.groupby("cluster").agg(
        courses=("size", "size"), scores=("size", "sum"), total=("sum", "sum"), means=("means", "sum"), sizes=("sizes", "sum")
    )
    columns = dict(zip(SUMS, (added["courses"], added["scores"], added["total"], squares, added["means"], added["sizes"]), strict=True))
    return {name: column.to_numpy(dtype=float) for name, column in columns.items()}


def simulated(rng, therapists, courses, sessions, spread):
    """Scores of a clinic with these standard deviations between therapists, courses and sessions; `courses` and `sessions` are numbers or draw one."""
    rows = []
    for therapist in range(therapists):
        of_therapist = rng.normal(0, spread[0])
        for course in range(courses() if callable(courses) else courses):
            level = 60 + of_therapist + rng.normal(0, spread[1])
            many = sessions() if callable(sessions) else sessions
            rows += [(therapist, f"{therapist}-{course}", x) for x in level + rng.normal(0, spread[2], many)]
    return pd.DataFrame(rows, columns=["therapist", "course", "score"])


# Two therapists with two courses of two sessions each: sums of squares 128 (df 1), 40 (df 2) and 20 (df 4) by hand.
WORKED = pd.DataFrame(
    {
        "therapist": [1, 1, 1, 1, 2, 2, 2, 2],
        "course": ["a", "a", "b", "b", "c", "c", "d", "d"],
        "score": [50.0, 54.0, 56.0, 58.0, 58.0, 60.0, 64.0, 68.0],
    }
)


def test_the_variances_of_a_worked_table():
    # course means 52, 57, 59, 66; therapist means 54.5, 62.5; mean 58.5
    within, between, groups = (4 + 4 + 1 + 1 + 1 + 1 + 4 + 4) / 4, 2 * (2.5**2 * 2 + 3.5**2 * 2) / 2, 4 * (4**2 * 2) / 1
    expected = {"sessions": within, "courses": (between - within) / 2, "therapists": (groups - between) / 4}

    found = parts(sums(WORKED))

    assert (within, between, groups) == (5.0, 37.0, 128.0)
    for name, variance in expected.items():
        assert found[name].sd[0] == pytest.approx(math.sqrt(variance))
        assert found[name].share[0] == pytest.approx(variance / sum(expected.values()))
        assert found[name].why == "fewer than 6 therapists" and math.isnan(found[name].share[1])


def test_with_equal_numbers_they_are_those_of_restricted_maximum_likelihood():
    scores = simulated(np.random.default_rng(3), 12, 10, 6, (4, 8, 7))
    fitted = smf.mixedlm("score ~ 1", scores, groups="therapist", re_formula="1", vc_formula={"course": "0 + C(course)"}).fit(reml=True)

    found = parts(sums(scores))

    assert found["therapists"].sd[0] == pytest.approx(math.sqrt(fitted.cov_re.iloc[0, 0]), rel=2e-3)
    assert found["courses"].sd[0] == pytest.approx(math.sqrt(fitted.vcomp[0]), rel=2e-3)
    assert found["sessions"].sd[0] == pytest.approx(math.sqrt(fitted.scale), rel=2e-3)


def test_in_one_therapists_own_view_a_cluster_is_a_course():
    scores = simulated(np.random.default_rng(5), 1, 30, 8, (0, 8, 7))
    n, mean = 8, scores.groupby("course")["score"].transform("mean")
    within = ((scores["score"] - mean) ** 2).sum() / (30 * (n - 1))
    between = n * scores.groupby("course")["score"].mean().var()

    found = parts(sums(scores, "course"), unit="courses")

    assert found["sessions"].sd[0] == pytest.approx(math.sqrt(within))
    assert found["courses"].sd[0] == pytest.approx(math.sqrt((between - within) / n))
    assert found["courses"].share[1] < found["courses"].share[0] < found["courses"].share[2]
    assert math.isnan(found["therapists"].share[0]) and found["therapists"].why == "these are one therapist's courses"


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ([(1, "a", 5.0), (1, "a", 5.0), (1, "b", 5.0), (2, "c", 5.0), (2, "d", 5.0)], "all scores are equal"),
        ([(1, "a", 5.0), (2, "b", 7.0), (3, "c", 9.0)], "fewer than 6 therapists"),
        ([(1, "a", 5.0), (1, "a", 7.0)], "fewer than 6 therapists"),
    ],
    ids=["all equal", "one score a course", "one course"],
)
def test_what_cannot_be_told_apart_is_not_known_and_says_why(scores, why):
    found = parts(sums(pd.DataFrame(scores, columns=["therapist", "course", "score"])))

    for name in PARTS:
        assert math.isnan(found[name].share[0]) and found[name].why == why


def test_no_scores_are_nothing_recorded():
    found = parts({name: np.zeros(3) for name in SUMS})

    assert {part.why for part in found.values()} == {"nothing recorded"}


def test_a_variance_below_zero_is_none_and_its_interval_begins_there():
    rng = np.random.default_rng(11)
    tries = [parts(sums(simulated(rng, 10, 6, 4, (0, 6, 8)))) for _ in range(12)]

    none = [found for found in tries if found["therapists"].share[0] == 0]

    assert none and all(found["therapists"].share[1] == 0 and found["therapists"].share[2] >= 0 for found in none)
    assert all(sum(part.share[0] for part in found.values()) == pytest.approx(1) for found in tries)


def test_the_intervals_hold_the_true_shares_as_often_as_they_say():
    """24 therapists of unequal caseloads, courses of unequal length, 5 % between therapists: 400 clinics, so that a coverage of 95 % shows as 92 to 97.5."""
    rng = np.random.default_rng(7)
    true = {"therapists": 0.05, "courses": 0.6, "sessions": 0.35}
    held = dict.fromkeys(true, 0)
    for _ in range(400):
        found = parts(drawn_sums(rng, 24, 30, true))
        for name, share in true.items():
            held[name] += found[name].share[1] <= share <= found[name].share[2]

    assert all(0.92 <= count / 400 <= 0.985 for count in held.values()), held


def drawn_sums(rng, therapists, courses, true):
    """The sums that simulated normal scores have, without making the scores: a course's mean and its squares are independent."""
    rows = []
    for _ in range(therapists):
        many = 2 + rng.poisson(courses * rng.exponential(1.0))
        n = 1.0 + rng.geometric(0.1, many)
        total = n * (rng.normal(0, true["therapists"] ** 0.5) + rng.normal(0, true["courses"] ** 0.5, many)) + rng.normal(0, np.sqrt(n * true["sessions"]))
        squares = true["sessions"] * rng.chisquare(n - 1) + total**2 / n
        rows.append((many, n.sum(), total.sum(), squares.sum(), (total**2 / n).sum(), (n**2).sum()))
    return dict(zip(SUMS, np.array(rows).T, strict=True))


def test_the_limits_between_therapists_are_those_of_a_jackknifed_log_f_by_hand():
    scores = simulated(np.random.default_rng(13), 8, 5, 4, (5, 6, 7))

    def log_f(frame):
        course, therapist = (frame.groupby(name)["score"].transform("mean") for name in ("course", "therapist"))
        return math.log(
            ((therapist - frame["score"].mean()) ** 2).sum() / (frame["therapist"].nunique() - 1) * _courses_df(frame) / ((course - therapist) ** 2).sum()
        )

    without = np.array([log_f(scores[scores["therapist"] != name]) for name in range(8)])
    half = stats.t.ppf(0.975, 7) * math.sqrt(7 / 8 * ((without - without.mean()) ** 2).sum())
    found = parts(sums(scores))
    variance = {name: found[name].sd[0] ** 2 for name in PARTS}
    expected = variance["sessions"] + 4 * variance["courses"]
    ends = [max((math.exp(log_f(scores) + sign * half) - 1) * expected / 20, 0) for sign in (-1, 1)]
    other = variance["courses"] + variance["sessions"]

    assert found["therapists"].share[1:] == pytest.approx([end / (end + other) for end in ends])
    assert found["therapists"].sd[1:] == pytest.approx([math.sqrt(end) for end in ends])


def _courses_df(frame):
    return frame["course"].nunique() - frame["therapist"].nunique()
