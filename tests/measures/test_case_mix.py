"""The model of what patients bring, held against the ridge regression of statsmodels, which it does without because loading that takes a second."""

from __future__ import annotations

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from process.measures.case_mix import PENALTY_SCALE, c_statistic, fitted


def courses(n: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    """Courses with attributes, severity (some unknown) and an event that hangs on them; rounded, so that some courses are alike."""
    random = np.random.default_rng(3)
    severity = np.round(random.normal(50.0, 15.0, n), -1)
    severity[random.random(n) < 0.1] = np.nan
    frame = pd.DataFrame(
        {
            "therapist_id": random.integers(0, 12, n),
            "problem": random.choice(["anxiety", "depression", "grief"], n),
            "modality": random.choice(["cbt", "systemic"], n),
            "age_band": random.choice(["18-24", "25-34", "35-44"], n),
            "severity": severity,
        }
    )
    log_odds = -1.0 + 0.03 * (np.nan_to_num(severity, nan=50.0) - 50.0) + 0.6 * (frame["problem"] == "grief") - 0.4 * (frame["modality"] == "cbt")
    return frame, (random.random(n) < 1.0 / (1.0 + np.exp(-log_odds))).astype(float)


def test_the_coefficients_are_those_of_the_ridge_regression_of_statsmodels():
    frame, events = courses()
    found = fitted(frame, events).set_index("part")["value"]
    known = frame["severity"].notna().to_numpy()
    names = [name for name in found.index if ": " in name and found[name] != 0.0]
    columns = {
        "intercept": np.ones(len(frame)),
        "severity, per 10 points": np.where(known, (frame["severity"] - frame["severity"].mean()) / 10.0, 0.0),
        "severity not recorded": 1.0 - known,
    } | {name: (frame[name.split(": ")[0].replace(" ", "_")] == name.split(": ")[1]).to_numpy(float) for name in names}

    penalty = np.array([0.0] + [1.0 / (PENALTY_SCALE**2 * len(frame))] * (len(columns) - 1))
    model = sm.GLM(events, np.column_stack(list(columns.values())), family=sm.families.Binomial())
    wanted = model.fit_regularized(alpha=penalty, L1_wt=0.0, start_params=np.zeros(len(columns))).params

    assert len(columns) == 8
    np.testing.assert_allclose(found[list(columns)].to_numpy(float), wanted, atol=2e-4)


def test_the_c_statistic_is_that_of_mann_and_whitney_with_ties_counted_half():
    frame, events = courses(200)
    score = frame["severity"].fillna(50.0).to_numpy()

    wanted = stats.mannwhitneyu(score[events > 0], score[events == 0]).statistic / ((events > 0).sum() * (events == 0).sum())
    assert c_statistic(events, score) == wanted
