"""Therapists side by side: against a plain reference, refused where numbers do not allow it, and with nobody's small caseload to be worked out."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from tests.reference import comparison, courses
from tests.reference.clinics import clinic
from tests.reference.uncertainty import share_interval

from process.measures import case_mix, catalogue, fair, parameters
from process.measures import comparison as side_by_side
from process.measures.funnel import proportion_limits
from process.measures.therapist_share import drawn_together, variance_share

OUTCOMES = ("dropout", "improvement")
EVERY = (0, 1000)


@pytest.fixture(scope="module")
def records():
    """A made-up clinic in which most courses are scored session by session, on a form that falls with time, and some on two forms."""
    found, rng = clinic(seed=31, courses=700, therapists=10), random.Random(31)
    sessions, scores = found["sessions"], found["scores"][found["scores"]["instrument"] != "phq_9"]
    rows = []
    for course, numbers in sessions.groupby("course_id")["session_number"]:
        level, other, chance = rng.gauss(16, 4), rng.random() < 0.2, rng.choice([0.0, 0.5, 0.9, 1.0])
        for number in numbers:
            if rng.random() < chance:
                row = {"course_id": course, "session_number": number, "form": "standard", "rater": "patient"}
                rows.append(row | {"instrument": "phq_9", "value": float(min(max(round(level - 0.7 * number + rng.gauss(0, 3)), 0), 27))})
                if other:
                    rows.append(row | {"instrument": "ors", "value": float(min(max(round(14 + number + rng.gauss(0, 5)), 0), 40))})
    return found | {"scores": pd.concat([scores, pd.DataFrame(rows)], ignore_index=True)}


@pytest.fixture(scope="module")
def query(records, opened):
    return opened(records)


@pytest.fixture(scope="module")
def ask(query, parameters):
    def answer(outcome, length=EVERY, **given):
        measure = catalogue.measure(f"fair_comparison_{outcome}")
        return measure.answer(measure.prepare(query, **parameters(**given)), length)

    return answer


@pytest.fixture(scope="module")
def stored(query):
    table = parameters.stored(query)
    return lambda name: table[table["parameter"] == name].set_index("part")["value"].to_dict()


@pytest.fixture(scope="module")
def population(records):
    plain = courses.plain(records)
    return plain, courses.population(plain, "so_far")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_therapist_as_the_formulas_say(ask, stored, population, outcome):
    result = ask(outcome)
    expected = comparison.by_therapist(*population, outcome, stored(f"case_mix_{outcome}"), stored(f"fair_{outcome}"))
    found = result.table[result.table["therapist_id"] != ""].set_index("therapist_id").to_dict("index")
    assert found.keys() == expected.keys() and len(found) >= 10
    for therapist, row in expected.items():
        for name, value in row.items():
            assert found[therapist][name] == pytest.approx(value, rel=1e-6, abs=1e-6), (therapist, name)
        if "share" not in row:
            assert math.isnan(found[therapist]["share"]) and found[therapist]["why"] == "fewer than 20 courses"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_all_together_are_those_who_are_compared_and_nobody_else(ask, population, outcome):
    plain, everyone = population
    known = [(course, happened) for course in everyone if (happened := comparison.outcome(plain, course, outcome)) is not None]
    many = {name for name in {course.therapist for course, _ in known} if sum(course.therapist == name for course, _ in known) >= 20}
    behind = [(course, happened) for course, happened in known if course.therapist in many]
    expected = share_interval([happened for _, happened in behind], [course.cluster for course, _ in behind])

    result = ask(outcome)

    row = result.table[result.table["therapist_id"] == ""].iloc[0]
    for name, value in expected.items():
        assert row[name] == pytest.approx(value)
    assert row["courses"] == len(behind) and row["therapists"] == len(many)
    shown = result.table[(result.table["therapist_id"] != "") & (result.table["courses"] >= 20)]
    assert shown["courses"].sum() == row["courses"], "nothing can be worked out of those who are not compared"
    assert result.headlines.loc["compared", "estimate"] == pytest.approx(expected["share"])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_therapists_stand_in_the_order_of_their_codes(ask, outcome):
    names = ask(outcome).table["therapist_id"].tolist()
    assert names[0] == "" and names[1:] == sorted(names[1:])


def test_a_therapists_own_view_says_the_same_of_them_and_names_nobody_else(ask):
    everyone = ask("dropout").table.set_index("therapist_id")
    own = ask("dropout", therapist="T0", cluster="course")
    assert own.table["therapist_id"].tolist() == ["T0"]
    for name in ("share", "lower", "upper", "expected", "adjusted", "shrunk", "shrunk_lower", "shrunk_upper", "beyond", "courses"):
        assert own.table.iloc[0][name] == pytest.approx(everyone.loc["T0", name])
    assert own.notes == ask("dropout").notes


@pytest.mark.parametrize(
    "narrowed",
    [
        {"teams": "|north|"},
        {"modalities": "|cbt|"},
        {"endings": "|planned|patient_stopped|"},
        {"start_from": "2025-Q4"},
        {"basis": "planned"},
        {"length": (2, 12)},
    ],
    ids=str,
)
def test_a_narrowed_cohort_is_not_set_against_the_whole_clinic(ask, narrowed):
    length = narrowed.pop("length", EVERY) if "length" in narrowed else EVERY
    result = ask("dropout", length, **narrowed)
    compared = result.table[["expected", "adjusted", "shrunk", "beyond"]]
    assert compared.isna().all(axis=None) and not set(result.notes) - {"refused"}
    assert np.isfinite(result.table.loc[result.table["therapist_id"] == "", "share"]).all()


def test_fewer_than_six_therapists_are_not_compared(opened, parameters):
    query = opened(clinic(seed=32, courses=200, therapists=5))
    measure = catalogue.measure("fair_comparison_dropout")
    result = measure.answer(measure.prepare(query, **parameters()), EVERY)
    assert result.table["therapist_id"].tolist() == [""] and result.notes == {"refused": "fewer than 6 therapists have 20 such courses or more"}
    assert not set(parameters_of(query)) & {"fair_dropout", "fair_improvement"}
    own = measure.answer(measure.prepare(query, **parameters(therapist="T0", cluster="course")), EVERY)
    assert np.isfinite(own.table["share"]).all() and own.table["adjusted"].isna().all()


def parameters_of(query):
    return query("select distinct parameter from clinic_parameters")["parameter"].tolist()


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_case_mix_model_is_the_penalised_likeliest(population, stored, outcome):
    plain, everyone = population
    ended = [(course, happened) for course in everyone if (happened := comparison.outcome(plain, course, outcome)) is not None]
    terms = stored(f"case_mix_{outcome}")
    assert "mean severity" in terms, "the made-up clinic has too few events for a model: make it larger"
    fitted = [name for name, value in terms.items() if name not in ("intercept", "mean severity", "c statistic") and value != 0.0]

    def column(name, course):
        severity = comparison.gain(plain, course)[0]
        if name.startswith("severity"):
            missing = severity is None
            return float(missing) if "not recorded" in name else 0.0 if missing else (severity - terms["mean severity"]) / 10
        attribute, code = name.split(": ")
        return float((course.row.get(attribute.replace(" ", "_")) or "not recorded") == code)

    design = [[1.0, *(column(name, course) for name in fitted)] for course, _ in ended]
    likeliest = comparison.penalised_fit(design, [happened for _, happened in ended])
    assert [terms[name] for name in ("intercept", *fitted)] == pytest.approx(likeliest, abs=2e-4)


def test_the_model_expects_as_many_as_there_were():
    """The intercept has no penalty, so that expected and observed add up to the same."""
    draws = np.random.default_rng(5)
    frame = made_up(draws, 3000)
    events = (draws.random(3000) < 0.3).astype(float)
    terms = case_mix.fitted(frame, events).set_index("part")["value"]
    assert case_mix.expected(frame, terms).sum() == pytest.approx(events.sum(), rel=1e-4)


def made_up(draws, count):
    return pd.DataFrame(
        {
            "therapist_id": draws.choice(["A", "B", "C"], count),
            "problem": draws.choice(["grief", "anxiety", None], count, p=[0.5, 0.4, 0.1]),
            "modality": draws.choice(["cbt", "systemic"], count),
            "age_band": draws.choice(["25-34", "35-44", "75+"], count, p=[0.6, 0.396, 0.004]),
            "severity": np.where(draws.random(count) < 0.1, np.nan, draws.uniform(10, 90, count)),
        }
    )


def test_the_model_finds_what_was_put_in():
    draws = np.random.default_rng(6)
    frame = made_up(draws, 20_000)
    odds = -1.0 + 0.03 * (frame["severity"].fillna(50.0) - 50.0) + 0.7 * (frame["modality"] == "systemic") - 0.5 * (frame["problem"] == "anxiety")
    events = (draws.random(len(frame)) < 1 / (1 + np.exp(-odds))).astype(float).to_numpy()
    terms = case_mix.fitted(frame, events).set_index("part")["value"]
    modality = terms.get("modality: systemic", 0.0) - terms.get("modality: cbt", 0.0)
    assert terms["severity, per 10 points"] == pytest.approx(0.3, abs=0.03)
    assert modality == pytest.approx(0.7, abs=0.1) and terms["problem: anxiety"] == pytest.approx(-0.5, abs=0.12)
    assert "age band: other" in terms or "age band: 75+" in terms


@pytest.mark.parametrize(("events", "rows"), [(np.zeros(60), 0), (np.ones(60), 0), (np.repeat([0.0, 1.0], [40, 20]), 2)], ids=["none", "all", "too few"])
def test_with_little_to_learn_from_everybody_is_expected_at_the_clinics_share(events, rows):
    frame = made_up(np.random.default_rng(7), 60)
    terms = case_mix.fitted(frame, events).set_index("part")["value"]
    assert len(terms) == rows
    if rows:
        assert case_mix.expected(frame, terms) == pytest.approx(np.full(60, 1 / 3))
    else:
        assert np.isnan(case_mix.expected(frame, terms)).all()


def test_a_category_that_the_model_never_saw_is_as_other_or_as_usual():
    frame = made_up(np.random.default_rng(8), 800)
    events = (np.random.default_rng(9).random(800) < 0.4).astype(float)
    terms = case_mix.fitted(frame, events).set_index("part")["value"]
    new, usual = (case_mix.expected(frame.iloc[[0]].assign(problem=code), terms) for code in ("never seen", "grief"))
    assert new == pytest.approx(usual) and terms["problem: grief"] == 0.0


def test_the_c_statistic_is_the_chance_of_a_right_order():
    # pairs: (3 over 1), (3 over 2), (2 over 1), (2 beside 2: half): 3.5 of 4
    assert case_mix.c_statistic(np.array([0, 0, 1, 1.0]), np.array([1, 2, 2, 3.0])) == pytest.approx(3.5 / 4)


@pytest.mark.parametrize("seed", range(3))
def test_the_share_of_variance_is_that_of_the_likeliest_beta_binomial_with_its_profile(seed):
    draws = np.random.default_rng(seed)
    n = draws.integers(15, 90, 40)
    r = draws.binomial(n, draws.beta(6, 10, 40))

    def negative(share, mean):
        strength = 1 / share - 1
        return -stats.betabinom.logpmf(r, n, mean * strength, (1 - mean) * strength).sum()

    def profile(share):
        return optimize.minimize_scalar(lambda mean: negative(share, mean), bounds=(0.01, 0.99), method="bounded").fun

    shares = np.linspace(0.0005, 0.4, 1200)
    heights = np.array([profile(share) for share in shares])
    inside = shares[heights <= heights.min() + stats.chi2.ppf(0.95, 1) / 2]

    found = variance_share(r, n)

    assert found.estimate == pytest.approx(shares[heights.argmin()], abs=0.0005)
    assert (found.lower, found.upper) == pytest.approx((inside.min() if inside.min() > 0.0006 else 0.0, inside.max()), abs=0.0008)


def test_the_share_of_variance_covers_the_truth_where_there_is_one_and_where_there_is_none():
    draws = np.random.default_rng(12)
    covered = {0.0: 0, 0.05: 0}
    for truth in covered:
        for _ in range(50):
            n = draws.integers(20, 100, 24)
            chance = np.full(24, 0.3) if truth == 0 else draws.beta(0.3 * (1 / truth - 1), 0.7 * (1 / truth - 1), 24)
            found = variance_share(draws.binomial(n, chance), n)
            covered[truth] += found.lower <= truth <= found.upper
    assert covered[0.0] >= 46 and covered[0.05] >= 43  # of 50


def test_nothing_that_varies_has_no_share_of_variance():
    for r, n in (([0, 0], [9, 8]), ([9, 8], [9, 8]), ([3], [9]), ([], []), ([3, np.nan], [9, 4])):
        assert np.isnan(variance_share(r, n)).all()


def test_drawn_estimates_are_as_wide_as_the_differences_may_be():
    r, n = np.array([4.0, 30.0, np.nan]), np.array([20, 60, 10])
    estimate, lower, upper = drawn_together(r, n, 0.3, 0.05, 0.2)
    narrow, wide = (stats.beta(0.3 * s + r[:2], 0.7 * s + n[:2] - r[:2]) for s in (19.0, 4.0))
    assert estimate[:2] == pytest.approx(narrow.mean())
    assert lower[:2] == pytest.approx(np.minimum(narrow.ppf(0.025), wide.ppf(0.025)))
    assert upper[:2] == pytest.approx(np.maximum(narrow.ppf(0.975), wide.ppf(0.975)))
    assert np.isnan([estimate[2], lower[2], upper[2]]).all()
    same, low, high = drawn_together(r[:2], n[:2], 0.3, 0.0, 0.1)
    assert same == pytest.approx([0.3, 0.3]) and (low <= 0.3).all() and (high >= 0.3).all() and (high > low + 0.05).all()


def test_drawn_estimates_cover_the_therapists_own_truth():
    """24 therapists of 20 to 100 courses whose true shares differ by 5 % of the variance: of their intervals at least 95 % hold the truth."""
    draws = np.random.default_rng(3)
    inside, drawn = 0, 0
    for _ in range(25):
        truth = draws.beta(0.3 * 19, 0.7 * 19, 24)
        n = draws.integers(20, 100, 24)
        r = draws.binomial(n, truth)
        share = variance_share(r, n)
        _, lower, upper = drawn_together(r, n, r.sum() / n.sum(), share.estimate, share.upper)
        inside += ((lower <= truth) & (truth <= upper)).sum()
        drawn += 24
    assert 0.945 <= inside / drawn <= 1.0


def test_what_patients_bring_is_not_taken_for_a_difference_between_therapists():
    """Two kinds of patients with 10 % and 50 %, therapists who see very different mixes and treat both alike: overdispersed as counted, not when adjusted."""
    draws = np.random.default_rng(4)
    hard = draws.uniform(0, 1, 30)
    n = np.full(30, 120)
    mix = draws.binomial(n, hard)
    observed = draws.binomial(mix, 0.5) + draws.binomial(n - mix, 0.1)
    sums = {"anticipated": 0.5 * mix + 0.1 * (n - mix), "variance": 0.25 * mix + 0.09 * (n - mix)}
    numbers = fair.spread(pd.DataFrame({"n": n, "observed": observed, **sums})).set_index("part")["value"]
    assert numbers["phi, case mix not taken out"] > 4 and numbers["tau, case mix not taken out"] > 0.1
    assert numbers["phi"] < 1.6 and numbers["variance share"] < 0.02


def test_an_adjusted_share_is_observed_over_expected_of_the_clinics():
    assert fair.adjusted(np.array([10.0, 9.0, 3.0]), np.array([5.0, 10.0, 0.0]), 0.2)[:2] == pytest.approx([0.4, 0.18])
    assert np.isnan(fair.adjusted(np.array([3.0]), np.array([0.0]), 0.2)).all()
    assert fair.adjusted(np.array([10.0]), np.array([1.0]), 0.5) == pytest.approx([1.0])


@pytest.mark.parametrize("level", side_by_side.LEVELS)
@pytest.mark.parametrize("tau", [0.0, 0.05])
def test_the_limits_drawn_are_never_inside_those_of_chance(level, tau):
    sizes = np.arange(1, 400)
    for target in (0.02, 0.2, 0.5, 0.9):
        lower, upper = side_by_side.limits(sizes, target, tau, level)["usual"]
        low, high = proportion_limits(sizes, target, level)
        assert (lower <= low).all() and (upper >= high).all()


def test_nothing_in_twelve_courses_is_not_beyond_one_in_five():
    # 0.8 ** 12 = 6.9 %
    for level in side_by_side.LEVELS:
        assert not side_by_side.beyond(np.array([12.0]), np.array([0.0]), 0.2, 0.0, level).any()


@pytest.mark.parametrize("level", side_by_side.LEVELS)
def test_chance_alone_puts_no_more_beyond_the_limits_than_they_say(level):
    """Every count of 10 to 40 courses at 20 %, weighted with its binomial chance."""
    for n in range(10, 41):
        counts = np.arange(n + 1)
        out = side_by_side.beyond(np.full(n + 1, float(n)), counts / n, 0.2, 0.0, level)
        assert stats.binom.pmf(counts, n, 0.2)[out].sum() <= 1 - level


def test_therapists_of_rare_and_of_frequent_events_lie_beyond_the_limits_as_often_as_they_say():
    """Half with patients of 8 %, half of 32 %, all treated alike; going by the number of courses 11 % and 3 % lay beyond."""
    draws = np.random.default_rng(21)
    n, risk = np.full(24, 60), np.repeat([0.08, 0.32], 12)
    anticipated, variance = n * risk, n * risk * (1 - risk)
    out = {level: np.zeros(24) for level in side_by_side.LEVELS}
    for _ in range(150):
        observed = draws.binomial(n, risk)
        found = fair.spread(pd.DataFrame({"n": n, "observed": observed, "anticipated": anticipated, "variance": variance})).set_index("part")["value"]
        share, size = fair.adjusted(observed, anticipated, found["target"]), fair.effective(anticipated, variance, found["target"])
        for level, counts in out.items():
            counts += side_by_side.beyond(size, share, found["target"], found["tau"], level)
    inner, outer = (out[level] / 150 for level in side_by_side.LEVELS)
    assert 0.03 <= inner.mean() <= 0.06 and outer.mean() <= 0.004
    for half in (inner[:12], inner[12:]):
        assert 0.02 <= half.mean() <= 0.075


def test_effective_courses_are_the_courses_where_all_have_the_clinics_chance():
    n = np.array([10.0, 57.0])
    assert fair.effective(0.2 * n, 0.16 * n, 0.2) == pytest.approx(n)
    # 60 patients of 8 %: variance of 0.2 * O / 4.8 by hand, 0.04 * 4.416 / 23.04
    assert fair.effective(np.array([4.8]), np.array([4.416]), 0.2) == pytest.approx([0.16 / (0.04 * 4.416 / 23.04)])
    assert np.isnan(fair.effective(np.array([0.0, 5.0]), np.array([0.0, 4.0]), np.nan)).all() and np.isnan(fair.effective(n * 0, n * 0, 0.2)).all()


@pytest.mark.parametrize(
    ("scored", "severity", "improved"),
    [
        ({"phq_9": {5: 20.0, 6: 10.0}}, None, 1),
        ({"gad_7": {1: 3.0}, "phq_9": {8: 20.0, 9: 18.0}}, 100 * 3 / 21, 0),
        ({"phq_9": {1: 27.0}, "gad_7": {0: 7.0, 2: 6.0, 3: 6.0}}, 100.0, 0),
        ({"phq_9": {0: 9.0, 4: 3.0}}, 100 * 9 / 27, 1),
        ({"phq_9": {2: 9.0}, "ors": {1: 30.0}}, 25.0, None),
        ({"ors": {1: 3.2, 6: 8.2}}, 92.0, 1),
        ({"ors": {1: 3.2, 6: 8.1}}, 92.0, 0),
        ({"ors": {1: 8.2, 6: 3.2}}, 79.5, 0),
        ({}, None, None),
    ],
    ids=str,
)
def test_severity_is_from_before_therapy_and_improvement_as_on_outcomes(opened, scored, severity, improved):
    sessions = [{"course_id": "C1", "session_number": number, "attendance": "attended"} for number in range(10)]
    common = {"course_id": "C1", "form": "standard", "rater": "patient"}
    scores = [common | {"instrument": name, "session_number": at, "value": value} for name, values in scored.items() for at, value in values.items()]
    query = opened(
        {
            "manifest": pd.DataFrame({"as_of": [pd.Timestamp("2026-06-30")], "clinic": ["Made up"], "source": ["tests"], "origin": ["simulated"]}),
            "courses": pd.DataFrame([{"course_id": "C1", "patient_id": "P1", "therapist_id": "T0", "ending": "planned"}]),
            "sessions": pd.DataFrame(sessions),
            **({"scores": pd.DataFrame(scores)} if scores else {}),
        }
    )
    course = case_mix.ended_courses(query).iloc[0]
    nan = float("nan")
    assert course["severity"] == pytest.approx(nan if severity is None else severity, nan_ok=True)
    assert course["improved"] == pytest.approx(nan if improved is None else improved, nan_ok=True)


def test_who_improved_is_who_improved_on_outcomes(query):
    """Form by form the same word: of the form that was scored most, from the table behind the page Outcomes."""
    words = query(
        "select outcome_ends.course_id, outcome_changes.category from outcome_ends inner join instruments using (instrument, form) "
        "inner join outcome_changes on outcome_changes.course_id = outcome_ends.course_id and outcome_changes.form = instruments.label"
    ).set_index("course_id")["category"]
    found = case_mix.ended_courses(query).dropna(subset=["improved"]).set_index("course_id")["improved"]
    assert len(found) > 100
    assert (found == words.reindex(found.index).isin(["recovered", "improved"])).all()
