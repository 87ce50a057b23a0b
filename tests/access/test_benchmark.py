"""What a therapist and a supervisor are told of the clinic: the quarter's benchmark and nothing else; and what an export of theirs says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests import clinics
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer
from process.charts import CHARTS
from process.charts.beside import said
from process.measures import benchmark, catalogue, parameters

WITH = sorted(benchmark.declared())
TOLD = [name for name in WITH if name != "repair_steps"]  # of the demo clinic; a few of its courses have most of the ruptures


@pytest.fixture(scope="module")
def tess(records, busiest):
    return Clinic(records, Viewer("tess", "therapist", busiest))


def supervising(records, many: int) -> Clinic:
    return Clinic(records, Viewer("sue", "supervisor", supervises=tuple(clinics.therapists(records)[:many])))


@pytest.mark.parametrize("name", TOLD)
def test_it_stands_beside_the_own_figure_of_whoever_sees_some_therapists_and_of_nobody_else(records, tess, name):
    assert len(tess.ask(name).benchmark.rows) and len(supervising(records, 2).ask(name).benchmark.rows)
    assert Clinic(records, DIRECTOR).ask(name).benchmark is None and Clinic(records, ANALYST).ask(name).benchmark is None
    assert tess.ask("therapy_lengths").benchmark is None


@pytest.mark.parametrize(
    ("cohort", "covers"),
    [
        (Cohort(), "ended courses of every length"),
        (Cohort(length=(4, 8)), "ended courses of 4 to 8 sessions"),
        (Cohort(length=(5, 6)), "ended courses of 4 to 8 sessions"),
        (Cohort(length=(6, 9)), "ended courses of every length"),
        (Cohort(length=(2, 8)), "ended courses of 1 to 8 sessions"),
        (Cohort(length=(20, 9999)), "ended courses of 17 sessions and more"),
        (Cohort(modality=["cbt"]), "ended courses of every length, modality cbt"),
        (Cohort(modality=["cbt"], length=(5, 6)), "ended courses of 1 to 8 sessions, modality cbt"),
        (Cohort(modality=["cbt", "systemic"]), "ended courses of every length; your other filters do not narrow it"),
        (Cohort(modality=["cbt"], team=["north"]), "ended courses of every length; your other filters do not narrow it"),
        (Cohort(modality=["cbt"], start=("2025-Q1", "")), "ended courses of every length, modality cbt; your other filters do not narrow it"),
        (Cohort(ending=["planned"]), "ended courses of every length; your other filters do not narrow it"),
    ],
    ids=lambda given: given if isinstance(given, str) else given.to_query("so_far"),
)
def test_the_range_and_the_filters_choose_a_band_and_say_which(tess, cohort, covers):
    assert tess.ask("endings", cohort).benchmark.covers == covers


def test_what_a_few_courses_have_most_of_is_told_of_in_larger_clinics_only(tess):
    assert "in which far more is counted than in the others" in tess.ask("repair_steps").benchmark.lines()[0]


def test_the_slider_moves_own_figures_only(tess):
    lease = tess.prepare("endings", Cohort())
    answers = [lease.answer("endings", length) for length in ((4, 8), (4, 7), (5, 6), (7, 8), (4, 4))]
    assert len({answer.n for answer in answers}) > 2
    for answer in answers[1:]:
        pd.testing.assert_frame_equal(answer.benchmark.rows, answers[0].benchmark.rows)


def test_every_therapist_is_told_the_same(records):
    answers = [Clinic(records, Viewer("t", "therapist", code)).ask("endings", Cohort(length=(4, 8))) for code in clinics.therapists(records)[:5]]
    assert len({answer.benchmark.lines()[0] for answer in answers}) == 1


def test_who_supervises_too_many_of_a_figures_therapists_is_told_of_a_coarser_band_or_that_there_are_not_enough(records):
    figures = benchmark.unpacked(parameters.stored(records.engine.query))
    known = figures[(figures["measure"] == "endings") & (figures["attribute"] == "")].set_index("band")["known"]
    band, most = known.idxmin(), int(known.min())
    ends = {"17-30": (17, 30), "31+": (31, 9999), "4-8": (4, 8), "9-16": (9, 16), "1-8": (1, 8), "17+": (17, 9999)}[band]
    few, many = (supervising(records, count).ask("endings", Cohort(length=ends)).benchmark for count in (most, most + 1))
    assert few.covers != many.covers
    nobody = supervising(records, 15).ask("endings", Cohort(length=ends)).benchmark
    assert nobody.lacks.startswith("Too few courses, or too few in which it happened or did not") and not len(nobody.rows)


def test_a_small_clinic_says_why_there_is_none(tmp_path):
    records = clinics.opened(tmp_path, clinics.counted(("T1", 30, 5), ("T2", 30, 5)))
    answer = Clinic(records, Viewer("t", "therapist", "T1")).ask("endings")
    assert answer.benchmark.lines() == [
        "Clinic's benchmark: none. Too few courses, or too few in which it happened or did not: it needs 20 of 4 other therapists, none with more than half, "
        "from the next wider figure differing by none or by as many, none of them a course in which far more is counted than in the others, "
        "and 3 in which it happened and 3 in which it did not."
    ] and "Too few courses" in said(answer)
    records.engine.close()


@pytest.mark.parametrize("basis", ["so_far", "planned"])
@pytest.mark.parametrize("name", WITH)
def test_the_benchmark_is_of_ended_courses_and_is_not_told_beside_figures_of_others(tess, name, basis):
    answer = tess.ask(name, Cohort(basis=basis))
    says = "It is of ended courses: choose lengths \u201ccompleted\u201d to read it."
    assert answer.benchmark.lines() == [f"Clinic's benchmark: none. {says}"] and not len(answer.benchmark.rows)
    assert says in answer.sentence and f"# Clinic's benchmark: none. {says}" in answer.exported().csv()
    drawn = CHARTS[name].frame(answer).layers.get("clinic", {})
    assert not any(np.isfinite(np.asarray(drawn.get(at, []), dtype=float)).any() for at in ("x", "y", "x0"))


def test_a_supervisor_with_nobody_is_told_nothing(records):
    assert Clinic(records, Viewer("sue", "supervisor")).ask("endings").benchmark is None


@pytest.mark.parametrize("name", TOLD)
def test_it_is_in_words_in_the_export_and_drawn_dashed_where_it_can_be(tess, name):
    answer = tess.ask(name)
    text = answer.exported().csv()
    values = [f"{value:g}" for value in answer.benchmark.rows["value"]]
    assert "The clinic in 2026-Q4" in answer.sentence and "The same for every therapist" in answer.sentence
    head = [line for line in text.splitlines() if line.startswith("# Clinic's benchmark 2026-Q4, ended courses of every length")]
    assert head and all(any(value in line for line in head) and value in answer.sentence for value in values)
    layers = {layer.name: layer.options for layer in CHARTS[name].layers}
    if name != "outcome_change":  # "reliably better" is two of its rows
        assert layers["clinic"]["line_dash"] == "dashed"
        drawn = CHARTS[name].frame(answer).layers["clinic"]
        assert set(answer.benchmark.rows["value"]) & set(np.concatenate([drawn.get("y", []), drawn.get("x0", [])]).tolist())


def test_a_code_or_a_forms_name_cannot_break_out_of_the_words(tess):
    answer = tess.ask("outcome_change")
    rows = pd.DataFrame({"group": ["<img src=x>"], "point": [0], "value": [35.0], "courses": [40]})
    text = said(replace(answer, benchmark=replace(answer.benchmark, rows=rows, covers="problem <script>")))
    assert "<img" not in text and "<script" not in text and "&lt;img src=x&gt;" in text


def test_nothing_of_the_clinic_reaches_a_therapist_finer_than_it_may_be_told(records, tess):
    """Every number of every answer, against every clinic-wide parameter that is not a whole number: none stands there as it is stored."""
    stored = parameters.stored(records.engine.query)
    exact = stored.loc[(stored["parameter"] != benchmark.PARAMETER) & (stored["value"].round(1) != stored["value"]), "value"].to_numpy()
    exact = np.concatenate([exact, 100 * exact])
    for name in catalogue.names():
        answer = tess.ask(name)
        numbers = [value for frame in (answer.table, answer.headlines) for value in frame.select_dtypes("number").to_numpy().ravel() if np.isfinite(value)]
        numbers += [value for value in answer.notes.values() if isinstance(value, float) and np.isfinite(value)]
        fine = np.array([value for value in numbers if round(value, 6) != round(value, 2)])
        assert not len(fine) or np.abs(fine[:, None] - exact[None, :]).min() > 1e-9, name


def test_a_therapists_funnel_has_their_own_dot_alone_and_whole_percents(tess, records):
    answer = tess.ask("fair_comparison_dropout", Cohort(basis="so_far"))
    frame = CHARTS["fair_comparison_dropout"].frame(answer)
    assert len(frame.layers["points"]["x"]) == 1 and "you" in frame.layers["points"]["tip"][0]
    row = answer.table.iloc[0]
    assert all(row[name] == round(row[name]) for name in ("expected", "adjusted", "effective", "shrunk", "shrunk_lower", "shrunk_upper"))
    assert answer.notes["target"] == round(answer.notes["target"], 2)
    assert Clinic(records, DIRECTOR).ask("fair_comparison_dropout", Cohort(basis="so_far")).notes["target"] != answer.notes["target"]


def test_clinic_wide_parameters_are_coarse_for_whoever_sees_some_therapists_and_have_no_benchmark_in_them(records, tess):
    fine, coarse = Clinic(records, DIRECTOR).parameters(), tess.parameters()
    assert benchmark.PARAMETER not in {*fine["parameter"], *coarse["parameter"]}
    shown = coarse[~coarse["withheld"]]
    assert (shown["courses"] >= 20).all() and (shown["courses"] % 10 == 0).all() and (shown["therapists"] % 5 == 0).all()
    assert coarse["withheld"].sum() > fine["withheld"].sum()
    values = shown["value"].to_numpy()
    assert all(float(f"{value:.1e}") == pytest.approx(value, rel=1e-12) for value in values if value)
