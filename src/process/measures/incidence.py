"""How soon each of several endings comes, when one rules out the others: cumulative incidence with competing fates (Aalen-Johansen)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
COLUMNS = ["time", "fate", "incidence", "lower", "upper", "at_risk"]

Floats = NDArray[np.float64]


def cumulative(times: ArrayLike, fates: ArrayLike, horizon: float) -> pd.DataFrame:
    """What share has met each fate by each time, when those still waiting may yet meet any of them.

    `times`: one a subject, 0 or more, in sessions, weeks or any one unit; `fates`: as many, a word each, None (or NaN) = censored, nothing had happened when
    last seen. `horizon`: the last time of interest, 0 or more. Subjects without a time are left out. At tied times events come before censorings, by custom.

    A frame[time, fate, incidence, lower, upper, at_risk]: a row for 0, each time anything was seen up to `horizon`, and `horizon`, for each fate that occurs
    (in alphabetic order). `incidence` 0 to 1, Aalen-Johansen (Aalen & Johansen 1978, Scandinavian Journal of Statistics 5(3), 141-150; statsmodels);
    `at_risk` = subjects still waiting just before that time. Beyond the last time seen the last value is held, with 0 at risk. `lower`, `upper`: 95 %,
    log(-log) transformed (Kalbfleisch & Prentice 2002, The Statistical Analysis of Failure Time Data, 2nd ed.), from the Greenwood-type variance (Marubini &
    Valsecchi 1995, Analysing Survival Data, ch. 10), which without censoring is F (1 - F) / n; NaN while nobody has met the fate and where everybody has. It
    does not know clusters.

    Nobody, or nobody with a fate: no rows. `ValueError`: a time below 0, a `horizon` below 0 or not known, series of different lengths.
    """
    when = np.asarray(times, dtype=np.float64)
    what = np.empty(len(when), dtype=object) if when.ndim == 1 else None
    if what is None or len(fates) != len(when):
        raise ValueError("times and fates are two series of one length, an entry a subject")
    if np.any(when < 0) or not horizon >= 0:
        raise ValueError("times and the horizon are 0 or more")
    what[:] = list(fates)
    seen = ~np.isnan(when)
    codes, names = pd.factorize(what[seen], sort=True)  # -1 = censored
    when = when[seen]
    if not len(names):
        return pd.DataFrame({name: pd.Series(dtype=object if name == "fate" else np.int64 if name == "at_risk" else np.float64) for name in COLUMNS})
    from statsmodels.duration.survfunc import CumIncidenceRight  # a second of loading, which only pages need

    with np.errstate(divide="ignore", invalid="ignore"):  # its standard error, which is not used: see below
        found = CumIncidenceRight(when, codes + 1)
    steps = np.asarray(found.times, dtype=np.float64)
    grid = np.unique(np.concatenate([[0.0, horizon], steps[steps <= horizon]]))
    at_risk = len(when) - np.searchsorted(np.sort(when), grid, side="left")
    place = np.searchsorted(steps, grid, side="right")
    parts = []
    for code, name in enumerate(names):
        share = np.append(0.0, found.cinc[code])[place]
        error = np.append(0.0, _standard_error(when, codes, code, steps, found.cinc[code]))[place]
        lower, upper = _limits(share, error)
        parts.append(pd.DataFrame({"time": grid, "fate": name, "incidence": share, "lower": lower, "upper": upper, "at_risk": at_risk}))
    return pd.concat(parts).sort_values("time", kind="stable", ignore_index=True)[COLUMNS]


def _standard_error(when: Floats, codes: NDArray, code: int, steps: Floats, incidence: Floats) -> Floats:
    """As statsmodels' `cinc_se`, which is NaN once all who were at risk end at one time: their term is (F(t) - F(t))^2 = 0 times endless, here 0."""
    place = np.searchsorted(steps, when)
    ended = np.bincount(place, weights=codes >= 0, minlength=len(steps))
    met = np.bincount(place, weights=codes == code, minlength=len(steps))
    n = len(when) - np.searchsorted(np.sort(when), steps, side="left")
    before = np.append(1.0, np.cumprod(1.0 - ended / n)[:-1])
    left = n - ended
    greenwood = np.divide(ended, n * left, out=np.zeros_like(before), where=left > 0)
    crossed = before * met / n**2
    variance = incidence**2 * np.cumsum(greenwood) - 2 * incidence * np.cumsum(incidence * greenwood) + np.cumsum(incidence**2 * greenwood)
    variance += np.cumsum(before**2 * (n - met) * met / n**3)
    variance -= 2 * (incidence * np.cumsum(crossed) - np.cumsum(incidence * crossed))
    return np.sqrt(np.maximum(variance, 0.0))


def _limits(share: Floats, error: Floats) -> tuple[Floats, Floats]:
    some = (share > 1e-12) & (share < 1 - 1e-12)
    inside = np.where(some, share, 0.5)
    power = scipy.special.ndtri(0.5 + LEVEL / 2) * error / (inside * -np.log(inside))
    return np.where(some, inside ** np.exp(power), np.nan), np.where(some, inside ** np.exp(-power), np.nan)
