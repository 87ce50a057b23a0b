"""What each contrast is an estimate of: the difference that an effect makes, beyond what the scores that are matched on foretell by themselves.

For a session with outcome Y and matching scores x, in a world with the effect (1) and in the same world without it (0), the difference made is
d = (Y1 - m(x1)) - (Y0 - m(x0)), where m(x) is the mean outcome of sessions with those scores where there are no effects at all. The truth of a contrast is
the mean of d in arm 1 minus its weighted mean in arm 0. Y1 - Y0 is the whole effect; m(x1) - m(x0) is what of it the matched scores had already shown, which
a comparison at equal scores leaves out. m is taken from clinics of their own (`Foretold.of`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from process.measures.rupture_contrasts import RuptureContrast

Floats = NDArray[np.float64]
Rows = dict[str, NDArray]
_KNOTS = (-10.0, -5.0, 0.0, 5.0, 10.0, 20.0)
_RANKS = (4, 9, 17, 31)


@dataclass(frozen=True)
class Foretold:
    """m(x): the mean outcome by matching scores and session, from a regression with a bend every few points."""

    weights: Floats

    @classmethod
    def of(cls, measure: RuptureContrast, clinics: Iterable[Rows]) -> Foretold:
        """Fitted to all sessions, of both arms, of clinics without the effect."""
        features, outcomes = [], []
        for rows in clinics:
            known = measure._known(rows) & ~np.isnan(rows["outcome"])
            features.append(_features(measure, rows)[known])
            outcomes.append(rows["outcome"][known])
        return cls(np.linalg.lstsq(np.vstack(features), np.concatenate(outcomes), rcond=None)[0])

    def beyond(self, measure: RuptureContrast, rows: Rows) -> Floats:
        """Y - m(x) of every session; NaN where one of them is not known."""
        return np.where(measure._known(rows), rows["outcome"] - _features(measure, rows) @ self.weights, np.nan)


@dataclass(frozen=True)
class Truth:
    """`given` = the difference made at equal matching scores, which the contrast is compared with; `whole` = with the part those scores had shown."""

    given: float
    whole: float


def of_contrast(measure: RuptureContrast, foretold: Foretold, there: Rows, without: Rows) -> Truth:
    """The truth of the sessions compared in the world with the effect; `without` are the same sessions in the world without it."""
    if not np.array_equal(there["course"], without["course"]) or not np.array_equal(there["rank"], without["rank"]):
        raise ValueError("the two worlds do not hold the same sessions")
    made = foretold.beyond(measure, there) - foretold.beyond(measure, without)
    numbered = {**there, "row": np.arange(len(made))}
    used, weight = measure._matched(numbered)
    if not used["treated"].any():
        return Truth(np.nan, np.nan)
    treated, made = used["treated"], np.nan_to_num(made[used["row"]])
    whole = there["outcome"] - without["outcome"]
    return Truth(
        float(made[treated].mean() - np.average(made[~treated], weights=weight[~treated])),
        float(np.nanmean(whole[used["row"]][treated])),
    )


def _features(measure: RuptureContrast, rows: Rows) -> Floats:
    rank, covariates = rows["rank"], np.nan_to_num(measure._covariates(rows))
    late = [(rank >= edge).astype(np.float64) for edge in _RANKS]
    columns = [np.ones(len(rank)), np.minimum(rank, 9), *late]
    for x in covariates.T:
        columns += [x, *(np.maximum(x - knot, 0.0) for knot in _KNOTS), *(x * since for since in late)]
    return np.column_stack(columns)
