"""A therapist's benchmark: what is told, of which courses and how coarsely, on tables small enough to be counted by hand."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.clinics import counted
from tests.reference.clinics import clinic

from process import store
from process.measures import benchmark, benchmark_rules, catalogue, parameters, publishing
from process.measures.benchmark_differences import apart, in_batches
from process.measures.benchmark_rules import EVERY_BAND, bands_around, may_know, released, sample
from process.measures.publishing import publish


def courses(*therapists: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each therapist's (courses, how many of them in which it happened) as whose, part and whole."""
    whose = np.repeat(np.arange(len(therapists)), [n for n, _ in therapists])
    part = np.concatenate([np.r_[np.ones(yes), np.zeros(n - yes)] for n, yes in therapists])
    return whose, part, np.ones(len(whose))


EVEN = ((5, 2), (5, 2), (5, 2), (5, 2), (5, 2))


@pytest.mark.parametrize(
    ("therapists", "known"),
    [
        (EVEN, 1),  # 20 courses of 4 others, whoever looks
        (((5, 2), (5, 2), (5, 2), (5, 2), (4, 2)), 0),  # 19 for whoever looks and has 5
        (((7, 2), (7, 2), (7, 2), (7, 2)), 0),  # 3 others
        (((6, 2), (6, 2), (6, 2), (6, 2), (6, 2), (6, 2)), 2),  # 24 of 4 others for whoever knows two of them
        (((12, 4), (4, 2), (4, 2), (4, 2), (4, 2), (4, 2)), 1),  # with 4 out, 12 of 28
        (((20, 4), (12, 3), (4, 2), (4, 2), (4, 2), (4, 2)), 0),  # not over half of all, but of what is left when 12 are out
        (((17, 8), (5, 0), (5, 0), (5, 0), (5, 2)), 0),  # it happened twice in the others' courses when the first one looks
        (((9, 9), (6, 5), (6, 5), (6, 5), (6, 6), (6, 6)), 0),  # all but two
        (((9, 9), (6, 5), (6, 5), (6, 5), (6, 5), (6, 6)), 1),
        ((), 0),
    ],
)
def test_the_rules_hold_for_what_is_left_when_those_who_are_known_are_taken_out(therapists, known):
    assert may_know(*(courses(*therapists) if therapists else (np.zeros(0, int), np.zeros(0), np.zeros(0))), percent=True) == known


@pytest.mark.parametrize(
    ("therapists", "value", "told"),
    [
        (EVEN, 40.0, 20),  # 10 of 25: 40 %
        (((5, 2), (5, 2), (5, 2), (5, 2), (6, 3)), 40.0, 30),  # 11 of 26: 42.3 %
        (((19, 6), (20, 7), (20, 7), (20, 7), (20, 6)), 35.0, 100),  # 33 of 99: 33.3 %, still in steps of five
        (((20, 6), (20, 7), (20, 7), (20, 7), (20, 6)), 33.0, 100),  # 33 of 100: whole percents
    ],
)
def test_a_share_is_told_in_steps_of_five_under_a_hundred_courses_and_the_number_of_courses_to_ten(therapists, value, told):
    assert (released(*courses(*therapists), percent=True).value, released(*courses(*therapists), percent=True).courses) == (value, told)


def test_nothing_is_told_that_rounds_to_none_or_all():
    rare = ((40, 1), (40, 1), (40, 0), (40, 1), (40, 0), (40, 1), (1000, 1))
    assert may_know(*courses(*rare), percent=True) == 0 or released(*courses(*rare), percent=True) is None
    often = [(400, 399)] * 8
    assert may_know(*courses(*often), percent=True) > 0 and released(*courses(*often), percent=True) is None  # 99.75 %


def test_a_mean_is_told_to_half_a_point():
    whose, _, whole = courses(*EVEN)
    part = np.linspace(60.0, 80.9, 25)  # mean 70.45
    assert released(whose, part, whole, percent=False).value == 70.5


def test_one_therapist_with_more_than_half_of_what_is_counted_is_told_of_as_little_as_one_with_half_of_the_courses():
    whose, part, whole = courses(*EVEN)
    assert released(whose, part, whole, percent=True) is not None
    assert released(whose, part * np.where(whose == 0, 9, 1), whole * np.where(whose == 0, 9, 1), percent=True) is None  # 45 of 65 ruptures


@pytest.mark.parametrize(
    ("length", "bands"),
    [
        ((1, 3), ["1-3", "1-8", "every"]),
        ((2, 2), ["1-3", "1-8", "every"]),
        ((0, 8), ["1-8", "every"]),
        ((4, 9), ["every"]),
        ((9, 16), ["9-16", "9+", "every"]),
        ((12, 30), ["9+", "every"]),
        ((17, 17), ["17-30", "17+", "9+", "every"]),
        ((31, 9999), ["31+", "17+", "9+", "every"]),
        ((0, 9999), ["every"]),
    ],
)
def test_a_range_takes_the_narrowest_band_that_holds_it_and_then_coarser_ones(length, bands):
    assert list(bands_around(length)) == bands


def test_any_two_bands_are_apart_or_one_lies_in_the_other():
    for one in EVERY_BAND.values():
        for other in EVERY_BAND.values():
            both = (max(one[0], other[0]), min(one[1], other[1]))
            assert both[0] > both[1] or both in (one, other)


def test_three_quarters_of_the_courses_are_drawn_rounded_up_and_anew_for_each_figure_and_quarter():
    assert [len(sample(n, 1)) for n in (0, 1, 4, 26, 27, 100)] == [0, 1, 3, 20, 21, 75]
    assert sample(100, 1).tolist() == sample(100, 1).tolist() != sample(100, 2).tolist()
    often = np.bincount(np.concatenate([sample(20, seed) for seed in range(4000)]), minlength=20) / 4000
    assert often == pytest.approx(np.full(20, 0.75), abs=0.03)


@pytest.mark.parametrize(
    ("therapists", "heavy", "of"),
    [
        ([0, 1, 2], 1, 0),
        ([0, 1, 2] * 13 + [0], 1, 40),
        ([0, 1, 2] * 26, 1, 40),
        ([0, 1, 2] * 27, 1, 80),
        ([0] * 11 + [1] * 29, 1, 0),  # 11 are left for whoever knows the second one's
        ([0] * 11 + [1] * 29 + [2] * 9, 1, 49),  # 20 are left with the 49th
        ([0] * 11 + [1] * 29 + [2] * 9 + [0, 1, 2] * 14, 1, 89),
        ([0, 1, 2] * 60, 2, 157),  # one course has two ruptures: with 156 others of one it stands out no more than one of 40 alike
    ],
)
def test_a_figure_is_of_whole_batches_of_courses(therapists, heavy, of):
    assert in_batches(np.array(therapists, dtype=int), np.r_[heavy, np.ones(len(therapists) - 1)].astype(float)) == of


def cells(*of: set[int], many: int = 200) -> np.ndarray:
    return np.array([[course in cell for course in range(many)] for cell in of])


@pytest.mark.parametrize(
    ("narrower", "told"),
    [
        (set(range(200)), True),  # the same courses
        (set(range(199)), False),
        ({*range(110), 199}, False),  # 89 differ; whoever knows the 30 of one therapist among them has 59 left
        (set(range(110)), True),
    ],
)
def test_of_two_figures_that_too_few_courses_tell_apart_the_narrower_one_is_not_told(narrower, told):
    whose = np.r_[np.arange(120) % 7, np.repeat(7, 30), 8 + np.arange(50) % 5]
    assert apart(cells(set(range(200)), narrower), whose, np.ones(200)).tolist() == [True, told]


def test_two_cells_that_cross_are_apart_if_either_may_leave_a_batch_over():
    whose = np.arange(200) % 10
    by_problem = set(range(100))
    few, enough = (apart(cells(by_problem, set(range(each, 100 + each))), whose, np.ones(200)).tolist() for each in (55, 56))
    assert few == [True, False] and enough == [True, True]
    assert apart(cells(by_problem, set(range(100, 110))), whose, np.ones(200)).tolist() == [True, True]  # they share no course


def test_a_difference_in_which_one_course_has_most_of_what_is_counted_is_none():
    whose, ruptures = np.arange(200) % 10, np.r_[np.ones(199), 4.0]
    assert apart(cells(set(range(200)), set(range(100))), whose, ruptures).tolist() == [True, False]


def test_one_course_that_ends_changes_no_figure_of_the_next_quarter_but_by_its_draw(folder):
    """Both quarters' figures are of the same 80 courses, whatever the two that have ended since were; those two are the last that ended."""
    publish(folder, stopping(*SIX[:-1], ("T5", 14, 5), day="2026-09-28"))
    first = found(folder)
    records = stopping(*SIX[:-1], ("T5", 14, 5), ("T0", 2, 5), day="2026-10-05")
    late = records["courses"]["course_id"].isin(records["courses"]["course_id"].tail(2))
    assert late.sum() == 2
    records["courses"].loc[late, ["start_week", "ending"]] = [pd.Timestamp("2026-02-02"), "patient_stopped"]
    records["sessions"]["week"] += pd.to_timedelta(28 * records["sessions"]["course_id"].isin(records["courses"].loc[late, "course_id"]), unit="D")
    publish(folder, records)
    pd.testing.assert_frame_equal(found(folder).drop(columns="quarter"), first.drop(columns="quarter"))
    assert len(first) and (first["courses"] == 60).all()


def test_a_course_that_is_recorded_as_ended_after_the_quarter_turned_is_in_the_figure_only_when_its_last_session_is_a_quarter_ago(folder):
    """Else it would come in before others that ended later and were told of already, and move one of them on."""
    late = stopping(*SIX, day="2026-04-27")
    publish(folder, late)
    assert len(found(folder)) == 0  # all were seen last in the first week of February: 12 weeks ago
    publish(folder, late | {"manifest": late["manifest"].assign(as_of=pd.Timestamp("2026-05-04"))}, anew=True)
    assert len(found(folder))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


def found(folder) -> pd.DataFrame:
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        return benchmark.unpacked(parameters.stored(engine.query))


def stopping(*groups: tuple[str, int, int], day: str = "2026-11-16") -> dict[str, pd.DataFrame]:
    """Courses of (therapist, number, sessions); every third of them is stopped by the patient."""
    records = counted(*groups)
    records["courses"].loc[::3, "ending"] = "patient_stopped"
    return records | {"manifest": records["manifest"].assign(as_of=pd.Timestamp(day))}


SIX = [(f"T{n}", 14, 5) for n in range(6)]


def test_a_figure_is_the_one_of_the_courses_that_were_drawn(folder):
    """Of 84 courses the first 80, 27 of them stopped; 60 are drawn, by the seed that the figure and the chance of this estimate (`tests/conftest.py`) make."""
    publish(folder, stopping(*SIX))
    row = found(folder).set_index("band").loc["4-8"]
    key = "endings|patient_stopped|0|4-8||"
    seed = int.from_bytes(hashlib.sha256(bytes(16) + key.encode()).digest()[:8], "big")
    drawn = sample(80, seed)
    expected = 100 * sum(place % 3 == 0 for place in drawn) / 60
    assert len(drawn) == 60 and row["value"] == 5 * round(expected / 5) and row["courses"] == 60 and row["quarter"] == "2026-Q4"
    assert set(found(folder)["band"]) == {"4-8", "1-8", "every"} and set(found(folder)["measure"]) == {"endings"}


def test_a_benchmark_stays_through_the_quarter_whatever_is_loaded_and_estimated_anew_and_comes_anew_with_the_next(folder):
    publish(folder, stopping(*SIX, day="2026-10-05"))
    first = found(folder)
    publish(folder, stopping(*SIX, *((f"T{n}", 29, 6) for n in range(6)), day="2026-10-12"))
    pd.testing.assert_frame_equal(found(folder), first)
    publish(folder, stopping(*SIX, *((f"T{n}", 39, 6) for n in range(6)), day="2026-12-28"), anew=True)
    pd.testing.assert_frame_equal(found(folder), first)
    publish(folder, stopping(*SIX, *((f"T{n}", 39, 6) for n in range(6)), day="2027-01-04"))
    assert set(found(folder)["quarter"]) == {"2027-Q1"} and found(folder)["courses"].max() > first["courses"].max()


def test_a_benchmark_under_other_rules_is_not_carried_on_through_its_quarter(folder, monkeypatch):
    """Rules that were less strict may have told what these would not: the next load makes it anew, in the middle of the quarter."""
    rules, before = parameters.described(), publishing.described()[benchmark.PARAMETER].version - 1
    older = {**rules, benchmark.PARAMETER: replace(rules[benchmark.PARAMETER], version=before)}
    for module in (parameters, publishing):
        monkeypatch.setattr(module, "described", lambda: older)
    publish(folder, stopping(*SIX, day="2026-10-05"))
    first = found(folder)
    for module in (parameters, publishing):
        monkeypatch.setattr(module, "described", lambda: rules)

    publish(folder, stopping(*SIX, *((f"T{n}", 29, 6) for n in range(6)), day="2026-10-12"))

    with store.DuckDBEngine.open(store.current(folder)) as engine:
        stored = parameters.stored(engine.query)
    assert set(stored.loc[stored["parameter"] == benchmark.PARAMETER, "version"]) == {before + 1} == {3}
    assert found(folder)["courses"].max() > first["courses"].max()


def test_a_benchmark_that_is_made_anew_is_of_other_courses(folder, monkeypatch):
    publish(folder, stopping(*SIX))
    monkeypatch.setattr(benchmark, "token_bytes", secrets.token_bytes)
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        known = parameters.stored(engine.query)
        told = [tuple(benchmark.estimate(engine.query, known)["value"]) for _ in range(12)]
        assert benchmark.estimate(engine.query, known, b"same").equals(benchmark.estimate(engine.query, known, b"same"))
    assert len(set(told)) > 1


@pytest.mark.parametrize("back", ["rolled back", "older records"])
def test_a_store_that_goes_back_to_another_quarter_and_forward_again_keeps_the_quarters_benchmark(folder, monkeypatch, back):
    monkeypatch.setattr(benchmark, "token_bytes", secrets.token_bytes)
    more = [(f"T{n}", 29, 6) for n in range(6)]
    last = publish(folder, stopping(*SIX, day="2026-09-21"))
    publish(folder, stopping(*SIX, day="2026-10-05"))
    first = found(folder)
    if back == "rolled back":
        store.roll_back(folder, last.name)
    else:
        publish(folder, stopping(*SIX, day="2026-09-28"))
    assert set(found(folder)["quarter"]) == {"2026-Q3"}
    publish(folder, stopping(*SIX, *more, day="2026-10-12"))
    pd.testing.assert_frame_equal(found(folder), first)
    publish(folder, stopping(*SIX, *more, day="2026-10-19"), anew=True)
    pd.testing.assert_frame_equal(found(folder), first)


def test_a_clinic_that_is_too_small_has_no_benchmark(folder):
    publish(folder, stopping(*((f"T{n}", 6, 5) for n in range(4))))
    assert len(found(folder)) == 0


def test_nothing_that_is_stored_is_finer_than_what_may_be_told(folder):
    publish(folder, clinic(seed=5, courses=1500, therapists=12))
    figures = found(folder)
    percent = figures["measure"].map({name: about.kind == "percent" for name, about in benchmark.declared().items()})
    assert len(figures) > 20 and set(figures["measure"]) <= set(benchmark.declared()) and percent.any() and not percent.all()
    assert (figures["courses"] % 10 == 0).all() and (figures["courses"] >= 20).all() and (figures["known"] >= 1).all()
    assert ((figures["value"] > 0) & (figures["value"] < 100)).all()
    fine = figures["courses"] > benchmark_rules.FINE_FROM
    assert (figures.loc[percent & ~fine & (figures["courses"] < 100), "value"] % 5 == 0).all() and (figures.loc[~percent, "value"] % 0.5 == 0).all()


def test_every_measure_that_has_a_benchmark_says_so_in_its_definition():
    assert set(benchmark.declared()) == {"attainment_curve", "alliance_by_session", "endings", "outcome_change", "repair_steps"}
    for name, about in benchmark.declared().items():
        assert about.kind in ("percent", "mean") and about.says
        assert (about.kind == "percent") == (catalogue.measure(name).definition.unit == "percent")
