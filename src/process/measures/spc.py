"""The individuals (XmR) chart: is a series only noisy, or did something change? With the rules of NHS England's Making Data Count programme."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

LIMIT = 2.66  # 3 / d2, d2 = 1.128 for ranges of two: Wheeler & Chambers 1992, Understanding Statistical Process Control
SCREEN = 3.267  # D4 for ranges of two: the upper limit of a moving range, same source
RUN = 7  # points of a shift or a trend: NHSRplotthedots 0.2.2, the programme's own implementation
NEAR = 2 / 3  # of the way to a limit: the outer third, same source
TRIAL = 13  # convention: under so many points the limits are "trial limits"

Floats = NDArray[np.float64]


class Chart(NamedTuple):
    """The chart of one series: its mean, its natural process limits and, a value each, whether a rule was broken there."""

    mean: float
    lower: float
    upper: float
    flags: NDArray[np.bool_]


def xmr(values: ArrayLike) -> Chart:
    """Between which limits a series moves if nothing changes, and where it shows that something did.

    Limits = mean +- 2.66 x mean moving range; moving ranges above 3.267 x their mean are screened out once, and the mean of the others is used (Wheeler &
    Chambers 1992; NHSRplotthedots). `values`: in time order, NaN = not measured (it makes no moving range and breaks no run). The limits have the values'
    units and are not cut at a scale's ends. `flags` has one entry a value: `rules` says which rule. Under 13 values (`is_trial`) these are trial limits. One
    value has no limits (NaN), no value has no mean either. `ValueError`: an endless value, more than one series.
    """
    x = _series(values)
    known = x[~np.isnan(x)]
    mean = float(known[0] + (known - known[0]).mean()) if len(known) else np.nan
    ranges = np.abs(np.diff(x))
    ranges = ranges[~np.isnan(ranges)]
    if len(ranges):
        ranges = ranges[ranges <= SCREEN * ranges.mean()]
    reach = LIMIT * float(ranges.mean()) if len(ranges) else np.nan
    return Chart(mean, mean - reach, mean + reach, rules(x, mean, mean - reach, mean + reach).to_numpy().any(axis=1))


def rules(values: ArrayLike, mean: float, lower: float, upper: float) -> pd.DataFrame:
    """Which rule each value breaks, against a given mean and limits: a frame of true and false, a row a value, a column a rule.

    `outside`: beyond a limit. `shift`: in a run of seven or more on one side of the mean. `trend`: in a run of seven or more that only rise or only fall.
    `two_in_three`: one of two, out of three neighbours that all lie on one side of the mean, in the outer third within a limit. Source of all:
    NHSRplotthedots 0.2.2 (NHS-R community, for Making Data Count). A value at the mean ends a run; one that was not measured is passed over.
    """
    x = _series(values)
    known = ~np.isnan(x)
    y = x[known] - mean
    spread = float(np.ptp(y)) if len(y) else 0.0
    y = np.where(np.abs(y) <= 1e-9 * spread, 0.0, y)  # at the mean but for rounding
    reach = (upper - lower) / 2
    outside, side = np.abs(y) > reach * (1 + 1e-9), np.sign(y)
    near = ~outside & (np.abs(y) > NEAR * reach * (1 + 1e-9))
    of_three = _covered((_windows(near, 3).sum(axis=1) >= 2) & (np.abs(_windows(side, 3).sum(axis=1)) == 3), 3, len(y))
    found = {
        "outside": outside,
        "shift": _covered(np.abs(_windows(side, RUN).sum(axis=1)) == RUN, RUN, len(y)),
        "trend": _covered(np.abs(_windows(np.sign(np.diff(y)), RUN - 1).sum(axis=1)) == RUN - 1, RUN, len(y)),
        "two_in_three": near & of_three,
    }
    table = pd.DataFrame(False, index=np.arange(1, len(x) + 1), columns=list(found))
    table.loc[known] = np.column_stack(list(found.values()))
    return table


def is_trial(values: ArrayLike) -> bool:
    """Are these too few values for lasting limits (under 13, not measured ones left out)? The chart then says "trial limits"."""
    return int((~np.isnan(_series(values))).sum()) < TRIAL


def _series(values: ArrayLike) -> Floats:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError("a chart is of one series")
    if np.isinf(x).any():
        raise ValueError("a value is endless")
    return x


def _windows(points: NDArray, width: int) -> NDArray:
    return sliding_window_view(points, width) if len(points) >= width else np.zeros((0, width))


def _covered(starts: NDArray[np.bool_], width: int, n: int) -> NDArray[np.bool_]:
    """The points that lie in any window which begins at a true start."""
    covered = np.zeros(n, dtype=bool)
    for ahead in range(width):
        covered[ahead : ahead + len(starts)] |= starts
    return covered
