"""Funnels against the exact binomial, the real records of England's 145 providers, and a beta-binomial fitted another way."""

import math

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from process.measures.funnel import adjusted_limits, fit, overdispersion, proportion_limits, shrink

UNITS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=15)

IMPROVED = """
select
    org_code,
    max(try_cast(value as double)) filter (where measure_name = 'improvement') as improved,
    max(try_cast(value as double)) filter (where measure_name = 'finished_course_treatment') as finished
from read_parquet($records)
where reporting_period = '2024-25' and org_type = $kind and variable_type = 'Total' and measure_statistic = 'count'
group by org_code
order by org_code
"""


@pytest.fixture(scope="module")
def england(shared_data):
    """Courses finished and reliably improved, 2024-25: (of England, of its providers)."""
    records = str(shared_data / "nhs-talking-therapies" / "measures_annual.parquet")
    return tuple(duckdb.execute(IMPROVED, {"records": records, "kind": kind}).df().dropna() for kind in ("England", "Provider"))


def test_england_improved_as_published(england):
    whole, providers = england

    assert (whole["improved"].item(), whole["finished"].item()) == (452_284, 670_419)
    assert 100 * whole["improved"].item() / whole["finished"].item() == pytest.approx(67.5, abs=0.05)
    assert len(providers) == 145


def test_englands_providers_differ_as_published(england):
    found = overdispersion(england[1]["improved"], england[1]["finished"])

    assert found.phi == pytest.approx(11.96, abs=0.005)
    assert found.tau == pytest.approx(0.0245, abs=0.00005)


def test_most_providers_outside_the_funnel_are_there_by_overdispersion(england):
    improved, finished = england[1]["improved"].to_numpy(), england[1]["finished"].to_numpy()
    pooled, share = improved.sum() / finished.sum(), improved / finished

    def outside(limits):
        return int(((share < limits[0]) | (share > limits[1])).sum())

    tau = overdispersion(improved, finished).tau
    assert outside(adjusted_limits(finished, pooled, 0.998, 0.0)) == 62
    assert outside(adjusted_limits(finished, pooled, 0.998, tau)) == 9
    # on the scale of proportions one provider at the edge falls the other way
    assert outside(proportion_limits(finished, pooled, 0.998)) == outside(proportion_limits(finished, pooled, 0.998, "normal")) == 61


def test_shrinking_draws_englands_providers_together(england):
    improved, finished = england[1]["improved"].to_numpy(), england[1]["finished"].to_numpy()
    table, own = shrink(improved, finished), improved / finished

    assert table["estimate"].std() < own.std()
    smallest, largest = finished.argmin(), finished.argmax()
    moved = np.abs(table["estimate"] - own)
    assert moved[largest] < 0.001 and moved[smallest] > moved[largest]


@pytest.mark.parametrize("target", [0.05, 0.5, 0.675, 0.99])
@pytest.mark.parametrize("level", [0.95, 0.998])
def test_exact_limits_leave_out_what_the_binomial_says(target, level):
    # every count's chance added up by hand
    for n in (1, 2, 7, 30):
        lower, upper = (round(float(limit) * n) for limit in proportion_limits(n, target, level))
        chance = [math.comb(n, k) * target**k * (1 - target) ** (n - k) for k in range(n + 1)]
        tail = (1 - level) / 2
        assert sum(chance[:lower]) <= tail < sum(chance[: lower + 1])
        assert sum(chance[upper + 1 :]) <= tail < sum(chance[upper:])


def test_exact_limits_of_a_small_table():
    # n = 10, p = 1/2: P(X <= 1) = 11/1024 = 1.07 %, P(X <= 2) = 56/1024 = 5.5 %: 95 % limits 2 and 8, 99.8 % limits 0 (P(X = 0) = 0.098 %) and 10
    assert [float(limit) for limit in proportion_limits(10, 0.5, 0.95)] == [0.2, 0.8]
    assert [float(limit) for limit in proportion_limits(10, 0.5, 0.998)] == [0.1, 0.9]


def test_normal_limits_are_the_formula():
    lower, upper = proportion_limits([100, 400], 0.5, 0.95, method="normal")
    assert upper - 0.5 == pytest.approx([1.959964 * 0.05, 1.959964 * 0.025])
    assert 0.5 - lower == pytest.approx(upper - 0.5)


def test_both_methods_meet_where_numbers_are_large():
    exact, normal = proportion_limits(100_000, 0.3, 0.998), proportion_limits(100_000, 0.3, 0.998, "normal")
    assert [float(limit) for limit in exact] == pytest.approx([float(limit) for limit in normal], abs=1e-4)


@pytest.mark.parametrize("method", ["exact", "normal"])
def test_limits_of_one_unit_are_numbers(method):
    for limit in (*proportion_limits(100, 0.2, 0.95, method), *adjusted_limits(100, 0.2, 0.95, 0.1)):
        assert isinstance(limit, float)


@pytest.mark.parametrize("method", ["exact", "normal"])
def test_a_unit_of_nothing_has_no_limits(method):
    lower, upper = proportion_limits([0, np.nan, 5], [0.5, 0.5, np.nan], 0.95, method)
    assert np.isnan(lower).all() and np.isnan(upper).all()
    assert [limit.shape for limit in proportion_limits([], 0.5, 0.95, method)] == [(0,), (0,)]


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_where_nothing_can_vary_the_limits_are_the_target(target):
    for method in ("exact", "normal"):
        assert [float(limit) for limit in proportion_limits(12, target, 0.95, method)] == [target, target]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((10, 1.2, 0.95), "target"), ((10, 0.5, 95), "level"), ((-1, 0.5, 0.95), "whole"), ((2.5, 0.5, 0.95), "whole"), ((10, 0.5, 0.95, "wald"), "method")],
    ids=str,
)
def test_impossible_limits_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        proportion_limits(*arguments)


def test_overdispersion_of_a_table_by_hand():
    # asin sqrt: 0.25 -> pi/6, 0.5 -> pi/4, 0.75 -> pi/3; pooled 0.5; z = 2 sqrt(100) (-pi/12, 0, pi/12); no winsorising
    z = 20 * math.pi / 12
    phi = 2 * z**2 / 3
    found = overdispersion([25, 50, 75], [100, 100, 100], winsorise=0)

    assert found.phi == pytest.approx(phi)
    assert found.tau == pytest.approx(math.sqrt((3 * phi - 2) / (1200 - 400)))
    # at 0.10 the ends move a fifth of the way to the middle
    assert overdispersion([25, 50, 75], [100, 100, 100]).phi == pytest.approx(phi * 0.8**2)


def test_equal_units_are_not_overdispersed():
    assert overdispersion([30, 30, 30], [60, 60, 60]) == (pytest.approx(0.0, abs=1e-12), 0.0)


@pytest.mark.parametrize(("numerators", "denominators"), [([], []), ([3], [5]), ([3, np.nan, 0], [5, 6, 0])], ids=str)
def test_one_unit_differs_from_nobody(numerators, denominators):
    assert np.isnan(overdispersion(numerators, denominators)).all()


def test_units_of_nothing_are_left_out():
    assert overdispersion([3, 0, 9, np.nan], [10, 0, 12, 7]) == overdispersion([3, 9], [10, 12])


@pytest.mark.parametrize("call", [overdispersion, shrink, fit])
@pytest.mark.parametrize(("numerators", "denominators"), [([6], [5]), ([-1], [5]), ([1, 2], [5])], ids=str)
def test_impossible_counts_are_refused(call, numerators, denominators):
    with pytest.raises(ValueError, match="numerator"):
        call(numerators, denominators)


@pytest.mark.parametrize("winsorise", [-0.1, 0.5])
def test_winsorising_half_or_more_is_refused(winsorise):
    with pytest.raises(ValueError, match="winsorise"):
        overdispersion([1, 2], [3, 4], winsorise)


@pytest.mark.parametrize("seed", range(3))
def test_the_beta_binomial_is_the_likeliest(seed):
    random = np.random.default_rng(seed)
    n = random.integers(5, 120, 40)
    r = random.binomial(n, random.beta(6, 3, 40))

    def negative(logs):
        return -stats.betabinom.logpmf(r, n, *np.exp(logs)).sum()

    other = optimize.minimize(negative, [1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000})
    found = fit(r, n)

    assert found == pytest.approx(np.exp(other.x), rel=1e-3)
    assert negative(np.log(found)) <= other.fun + 1e-7


def test_shrunk_estimates_are_the_posterior():
    r, n = np.array([2, 9, 30, 41, 5]), np.array([10, 12, 80, 50, 40])
    a, b = fit(r, n)
    table = shrink(r, n)

    posterior = stats.beta(a + r, b + n - r)
    assert table["estimate"].to_numpy() == pytest.approx(posterior.mean())
    assert table["lower"].to_numpy() == pytest.approx(posterior.ppf(0.025)) and table["upper"].to_numpy() == pytest.approx(posterior.ppf(0.975))


@pytest.mark.parametrize(
    ("numerators", "denominators"), [([5, 10, 20], [10, 20, 40]), ([0, 0], [9, 4]), ([7, 3], [7, 3]), ([4], [9]), ([1, 0, 1], [1, 1, 1])], ids=str
)
def test_units_no_further_apart_than_chance_share_the_pooled_proportion(numerators, denominators):
    table = shrink(numerators, denominators)
    lower, upper = proportion_confint(sum(numerators), sum(denominators), method="wilson")

    assert table.to_numpy() == pytest.approx(np.tile([sum(numerators) / sum(denominators), lower, upper], (len(numerators), 1)))


def test_the_table_keeps_the_units_names_and_has_no_figure_for_units_of_nothing():
    table = shrink(pd.Series([3, 0, 9, np.nan], index=["x", "y", "z", "w"]), [10, 0, 12, 7])

    assert table.index.tolist() == ["x", "y", "z", "w"] and table.columns.tolist() == ["estimate", "lower", "upper"]
    assert table.isna().all(axis=1).tolist() == [False, True, False, True]


def test_no_unit_gives_an_empty_table():
    assert shrink([], []).shape == (0, 3)


@settings(max_examples=50)
@given(UNITS)
def test_shrunk_estimates_lie_between_the_own_and_the_common(units):
    r, n = np.array(units, dtype=float).T
    table = shrink(r, n)[n > 0]
    r, n = r[n > 0], n[n > 0]
    if not len(n):
        return
    prior = fit(r, n)
    common = r.sum() / n.sum() if prior is None else prior[0] / sum(prior)

    low, high = np.minimum(r / n, common), np.maximum(r / n, common)
    assert ((table["estimate"] >= low - 1e-9) & (table["estimate"] <= high + 1e-9)).all()
    assert ((table["lower"] <= table["estimate"]) & (table["upper"] >= table["estimate"])).all()
    assert prior is None or sum(prior) >= 1 - 1e-9


def test_a_few_units_of_all_or_nothing_make_nothing_certain():
    # a prior of one course, half: Beta(0.5, 5.5) for 0 of 5, Beta(3.5, 0.5) for 3 of 3
    table = shrink([0, 0, 3, 4], [5, 6, 3, 4])

    assert sum(fit([0, 0, 3, 4], [5, 6, 3, 4])) == pytest.approx(1.0)
    assert table["estimate"].iloc[0] == pytest.approx(0.08, abs=0.02) and table["upper"].iloc[0] > 0.25
    assert table["estimate"].iloc[2] == pytest.approx(0.88, abs=0.02) and table["lower"].iloc[2] < 0.7


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=2, max_size=200))
def test_units_of_all_or_nothing_have_an_estimate_inside_its_limits(units):
    n = np.array([size for size, _ in units], dtype=float)
    table = shrink(np.where([every for _, every in units], n, 0.0), n)

    assert ((table["lower"] <= table["estimate"]) & (table["estimate"] <= table["upper"])).all()
    assert (table["upper"] - table["lower"] > 1e-4).all()


@settings(max_examples=50)
@given(UNITS, st.randoms())
def test_counting_the_other_ending_or_in_another_order_changes_nothing(units, random):
    r, n = np.array(units, dtype=float).T
    order = random.sample(range(len(n)), len(n))

    assert overdispersion(n - r, n) == pytest.approx(overdispersion(r, n), abs=1e-9, nan_ok=True)
    assert overdispersion(r[order], n[order]) == pytest.approx(overdispersion(r, n), abs=1e-9, nan_ok=True)
    assert shrink(r[order], n[order]).to_numpy() == pytest.approx(shrink(r, n).to_numpy()[order], abs=1e-4, nan_ok=True)
    assert 1 - shrink(n - r, n)["estimate"].to_numpy() == pytest.approx(shrink(r, n)["estimate"].to_numpy(), abs=1e-4, nan_ok=True)


def test_ten_units_of_another_implementation():
    # The ten units with which the authors of FunnelPlotR (NHS-R Community, dev/workingout_binom.R) work the method out; its formulas, step by step.
    r = [12, 30, 26, 50, 42, 71, 4, 29, 48, 36]
    n = [82, 98, 100, 125, 162, 151, 12, 100, 82, 99]
    target, units = math.asin(math.sqrt(sum(r) / sum(n))), len(n)
    spread = [1 / (2 * math.sqrt(size)) for size in n]
    z = [(math.asin(math.sqrt(part / size)) - target) / s for part, size, s in zip(r, n, spread, strict=True)]
    phi = sum(value**2 for value in z) / units
    weights = [1 / s**2 for s in spread]
    tau2 = max(0, (units * phi - (units - 1)) / (sum(weights) - sum(w**2 for w in weights) / sum(weights)))

    assert overdispersion(r, n, winsorise=0) == pytest.approx((phi, math.sqrt(tau2)))
    upper = math.sin(target + 1.959964 * math.sqrt(1 / (4 * 100) + tau2)) ** 2
    assert float(adjusted_limits(100, sum(r) / sum(n), 0.95, math.sqrt(tau2))[1]) == pytest.approx(upper, rel=1e-6)


@pytest.mark.parametrize(("target", "tau"), [(math.nan, 0.1), (0.3, math.nan)])
def test_limits_of_what_is_not_known_are_not_known(target, tau):
    assert np.isnan(adjusted_limits([10, 50], target, 0.95, tau)).all()


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_adjusted_limits_stay_on_the_scale(target):
    lower, upper = adjusted_limits([0, 4, 4000], target, 0.998, 0.05)
    assert np.isnan([lower[0], upper[0]]).all()
    assert (lower[1:] >= 0).all() and (upper[1:] <= 1).all() and (lower[1:] <= target).all() and (upper[1:] >= target).all()


@pytest.mark.parametrize("arguments", [(10, 1.2, 0.95, 0.1), (10, -0.1, 0.95, 0.1), (10, 0.5, 0.95, -0.1), (-1, 0.5, 0.95, 0.1), (10, 0.5, 1.0, 0.1)], ids=str)
def test_impossible_adjusted_limits_are_refused(arguments):
    with pytest.raises(ValueError, match=r"target|level"):
        adjusted_limits(*arguments)
