"""A short version of `make coverage`: a few simulated clinics whose truth is known, effects on and off. The whole study: docs/coverage.md."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from benchmarks.coverage import report, run, study, truth

SEEDS = range(1, 6)


@pytest.fixture(scope="module")
def known():
    return study.pilot(2, courses=1200, therapists=30)


@pytest.fixture(scope="module")
def clinics(known):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return pd.concat([study.clinic(run.SIZES[24], 24, seed, known) for seed in SEEDS], ignore_index=True)


def of(clinics, contrast, effect):
    return clinics[(clinics["contrast"] == contrast) & (clinics["effect"] == effect)]


@pytest.mark.parametrize("contrast", ["a", "c"])
@pytest.mark.parametrize("effect", ["on", "off"])
def test_the_comparison_is_right_on_average(clinics, known, contrast, effect):
    found = of(clinics, contrast, effect)
    error = found["estimate"] - found["truth"]

    # A tenth of the within-course SD: with so few clinics chance alone makes a twentieth.
    assert abs(error.mean()) < known.within_sd / 10


@pytest.mark.parametrize("contrast", ["a", "b", "c"])
@pytest.mark.parametrize("effect", ["on", "off"])
def test_most_intervals_hold_the_truth(clinics, contrast, effect):
    found = of(clinics, contrast, effect).dropna(subset="lower")

    assert len(found) >= 4
    assert ((found["lower"] <= found["truth"]) & (found["truth"] <= found["upper"])).sum() >= len(found) - 1


def test_with_no_effect_the_truth_is_nothing_and_with_one_it_is_not(clinics):
    for contrast in "abc":
        assert (of(clinics, contrast, "off")["truth"] == 0).all()
    assert of(clinics, "a", "on")["truth"].between(-3.0, -0.7).all()
    assert of(clinics, "c", "on")["truth"].between(-2.5, -0.4).all()
    assert of(clinics, "b", "on")["truth"].mean() > 1


def test_the_curves_alone_are_far_off(clinics, known):
    for contrast in "abc":
        found = of(clinics, contrast, "on")
        assert abs((found["naive"] - found["truth"]).mean()) > 2 * abs((found["estimate"] - found["truth"]).mean())
    assert (of(clinics, "c", "off")["naive"] > known.within_sd).all()  # a dip rises by more than a standard deviation where nothing is at work


def test_repair_from_session_17_on_is_in_the_later_bands_only(clinics):
    assert (of(clinics, "b 1-8", "late")["truth"] == 0).all()
    assert of(clinics, "b 17-30", "late")["truth"].mean() > 0.5
    assert of(clinics, "b 1-8", "on")["truth"].mean() > 0.5
    assert np.allclose(of(clinics, "b 1-8", "late")["estimate"], of(clinics, "b 1-8", "off")["estimate"], equal_nan=True)


def test_worlds_that_do_not_hold_the_same_sessions_are_refused(known):
    rows = {"course": np.array([1]), "rank": np.array([4.0])}

    with pytest.raises(ValueError, match="same sessions"):
        truth.of_contrast(study.LIKE, known.like, rows, {**rows, "rank": np.array([5.0])})


def test_a_summary_counts_what_it_says():
    clinics = pd.DataFrame(
        {
            "seed": [1, 2, 3, 4],
            "estimate": [1.0, 3.0, 2.0, 9.0],
            "lower": [0.5, 1.5, -1.0, np.nan],
            "upper": [1.5, 4.5, 5.0, np.nan],
            "df": [9.0, 9.0, 9.0, 2.0],
            "why": ["", "", "", "fewer than 6 therapists"],
            "truth": [1.0, 2.0, 3.0, 2.0],
            "whole": [5.0] * 4,
            "naive": [4.0] * 4,
            "n": [10] * 4,
        }
    )
    found = report.summary(clinics, within_sd=8.0)

    assert (found["clinics"], found["with_interval"], found["truth"], found["bias"]) == (4, 3, 2.0, 0.0)
    assert (found["coverage"], found["own_coverage"], found["shown"]) == (pytest.approx(2 / 3, abs=1e-4), 1.0, pytest.approx(2 / 3, abs=1e-4))
    assert found["naive_bias"] == 2.0 and found["no_interval_because"] == {"fewer than 6 therapists": 1}


def test_the_published_tables_are_those_of_the_results():
    results = json.loads(report.RESULTS.read_text("utf-8"))
    text = report.REPORT.read_text("utf-8")

    for row in results["rows"]:
        if row["contrast"] in report.MAIN and row["with_interval"] > 1:
            cells = f"| {report.MAIN[row['contrast']]} | {row['therapists']} | {report.EFFECTS[row['effect']]} | {report._number(row['truth'])} |"
            assert cells in text and f"| {report._number(100 * row['coverage'], 1, False)} |" in text
