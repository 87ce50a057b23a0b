"""How a course's alliance scores hang together from session to session, over the whole clinic: a level of its own, ups and downs that carry over, and noise.

Score of course c in session t = trend(t) + b_c + a_ct + e_ct, with a level b_c ~ N(0, between²), a state a_ct that is a stationary first-order autoregression
(coefficient phi for each session, variance state²) and an error e_ct ~ N(0, error²) of that session alone. Only a model with all three parts tells how far a
low score will rise by itself: a pooled autoregression of raw scores takes the courses' levels for persistence (0.82 where 0.40 is true), and one of
scores centred on their course's mean has the centring in it (0.23).

Fitted by restricted maximum likelihood (Patterson & Thompson 1971, Biometrika 58(3), 545-554; the model: Diggle 1988, Biometrics 44(4), 959-971). The
autoregression is taken apart by the Kalman filter, all courses at once, with phi to the power of the gap where sessions have no score (Jones & Boadi-Boateng
1991, Biometrics 47(1), 161-175); the level is then integrated out exactly by the matrix determinant lemma, because it is one number a course.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

KNOTS = (1, 3, 8, 16, 30)
"""The trend is straight between these sessions and flat after the last: a convention, near the bands of therapy length."""
_PHI, _NOISE, _LEVEL = (-0.95, 0.98), (1e-3, 1e3), (1e-6, 1e4)
_LEAST_COURSES, _LEAST_SCORES = 20, 100


@dataclass(frozen=True)
class Autoregression:
    """The fitted model: `phi` from session to session, standard deviations in the scores' units, and the trend (session 1, then the slope of each piece)."""

    phi: float
    between: float
    state: float
    error: float
    trend: tuple[float, ...]
    log_likelihood: float
    courses: int
    scores: int

    def level(self, sessions: ArrayLike) -> Floats:
        """The trend at those sessions: the mean score of all courses."""
        return _trend(np.asarray(sessions, dtype=np.float64)) @ np.asarray(self.trend)


@dataclass(frozen=True)
class Series:
    """Scores of many courses, one after the other: `course` (0, 1, 2 … in order), `session` (attended rank, rising in a course) and `score`."""

    course: Whole
    session: Whole
    score: Floats

    @classmethod
    def of(cls, course: ArrayLike, session: ArrayLike, score: ArrayLike) -> Series:
        """From rows in any order; a score of NaN is left out. `course` are whole numbers from 0."""
        course, session, score = np.asarray(course, dtype=np.int64), np.asarray(session, dtype=np.int64), np.asarray(score, dtype=np.float64)
        order = np.flatnonzero(~np.isnan(score))
        order = order[np.lexsort((session[order], course[order]))]
        return cls(course[order], session[order], score[order])

    def starts(self) -> tuple[Whole, Whole]:
        """Where each course that has a score begins, and how many scores it has."""
        if not len(self.course):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        first = np.flatnonzero(np.concatenate([[True], self.course[1:] != self.course[:-1]]))
        return first, np.diff(np.concatenate([first, [len(self.course)]]))

    def places(self) -> Iterator[tuple[Whole, Whole]]:
        """For the first, second … score of a course: the row of it and the number of the course among those with a score, for all that have so many."""
        first, length = self.starts()
        longest = np.argsort(-length, kind="stable")
        reach = np.searchsorted(-length[longest], -np.arange(1, length.max(initial=0) + 1), side="right")
        for place, many in enumerate(reach):
            yield first[longest[:many]] + place, longest[:many]

    def gaps(self) -> Floats:
        """Sessions since the course's score before; 0 at its first."""
        gap = np.diff(self.session, prepend=self.session[:1]).astype(np.float64)
        gap[self.starts()[0]] = 0.0
        return gap


def fit(series: Series) -> Autoregression | None:
    """The model of these scores; None under 20 courses with two scores or under 100 scores (a convention: nothing can be told apart then)."""
    _, length = series.starts()
    if (length >= 2).sum() < _LEAST_COURSES or length.sum() < _LEAST_SCORES:
        return None
    columns = np.column_stack([series.score, _trend(series.session)])
    reached = np.ptp(columns[:, 2:], axis=0) > 0  # a piece of the trend that no course reached has no slope
    seen = np.concatenate([[0, 1], 2 + np.flatnonzero(reached)])
    kept = columns[:, seen]
    kept, gaps, reach = _by_place(kept, series)

    def best_level(point: Floats) -> tuple[float, float, Parts]:
        phi, noise = _inside(point)
        parts = _parts(kept, gaps, reach, phi, noise)
        found = scipy.optimize.minimize_scalar(lambda level: -parts.likelihood(np.exp(level)), bounds=np.log(_LEVEL), method="bounded", options={"xatol": 1e-4})
        return float(found.fun), float(np.exp(found.x)), parts

    found = scipy.optimize.minimize(
        lambda point: best_level(point)[0], _outside(0.4, 0.7), method="Nelder-Mead", options={"xatol": 2e-3, "fatol": 1e-4, "initial_simplex": _SIMPLEX}
    )
    phi, noise = _inside(found.x)
    least, ratio, parts = best_level(found.x)
    state, slopes = parts.scale(ratio)
    trend = np.zeros(columns.shape[1] - 1)
    trend[seen[1:] - 1] = slopes
    sds = (float(np.sqrt(ratio) * state), float(state), float(np.sqrt(noise) * state))
    return Autoregression(phi, *sds, tuple(trend.tolist()), -least, len(length), len(series.score))


def log_likelihood(series: Series, model: Autoregression, restricted: bool = False) -> float:
    """The log likelihood of the scores under the model, its trend taken as known; with `restricted` the trend is integrated out instead."""
    noise = (model.error / model.state) ** 2
    ratio = (model.between / model.state) ** 2
    if restricted:
        parts = _parts(*_by_place(np.column_stack([series.score, _trend(series.session)]), series), model.phi, noise)
        return parts.likelihood(ratio, model.state**2)
    left = series.score - model.level(series.session)
    parts = _parts(*_by_place(np.column_stack([left, np.ones(len(left))]), series), model.phi, noise)
    own = 1.0 + ratio * parts.pulls[:, 1]
    total = (parts.whole[0, 0] - (ratio * parts.pulls[:, 0] ** 2 / own).sum()) / model.state**2
    return float(-0.5 * (len(left) * np.log(2 * np.pi * model.state**2) + parts.logs + np.log(own).sum() + total))


def forecasts(series: Series, model: Autoregression, rows: ArrayLike, ahead: int) -> Floats:
    """What the model expects in the `ahead` sessions after each of those rows of the series, from the scores up to that row: rows x ahead.

    Nothing later enters: the state is the filtered one, and the course's level its conditional mean given the scores so far.
    """
    rows = np.asarray(rows, dtype=np.int64)
    left = series.score - model.level(series.session)
    noise, ratio = (model.error / model.state) ** 2, (model.between / model.state) ** 2
    columns = np.column_stack([left, np.ones(len(left))])
    filtered, pulls = _filtered(columns, series.gaps(), series.places(), model.phi, noise)
    level = ratio * pulls[rows, 0] / (1.0 + ratio * pulls[rows, 1])
    state = filtered[rows, 0] - level * filtered[rows, 1]
    steps = np.arange(1, ahead + 1)
    carried = level[:, None] + state[:, None] * model.phi ** steps[None, :]
    return carried + model.level(series.session[rows][:, None] + steps[None, :]).reshape(len(rows), ahead)


@dataclass(frozen=True)
class Parts:
    """What the likelihood needs at one phi and error, from the innovations of each column (score, ones, slopes of the trend) over their standard deviations.

    `whole` are their products summed over all scores, `pulls` (courses x columns) their products with the ones, `logs` the sum of log variances.
    """

    whole: Floats
    pulls: Floats
    logs: float
    count: int

    def likelihood(self, ratio: float, variance: float | None = None) -> float:
        """Restricted log likelihood at between² = `ratio` · state²; state² is the best one unless given as `variance`."""
        whole, logs = self._without_level(ratio)
        slopes, rest = _solved(whole)
        free = self.count - len(slopes)
        scale = rest / free if variance is None else variance
        determinant = np.linalg.slogdet(whole[1:, 1:])[1]
        return float(-0.5 * (free * np.log(2 * np.pi * scale) + self.logs + logs + determinant + rest / scale))

    def scale(self, ratio: float) -> tuple[float, Floats]:
        """The state's standard deviation and the trend at that ratio."""
        slopes, rest = _solved(self._without_level(ratio)[0])
        return float(np.sqrt(rest / (self.count - len(slopes)))), slopes

    def _without_level(self, ratio: float) -> tuple[Floats, float]:
        own = 1.0 + ratio * self.pulls[:, 1]
        return self.whole - (self.pulls * (ratio / own)[:, None]).T @ self.pulls, float(np.log(own).sum())


def _solved(whole: Floats) -> tuple[Floats, float]:
    slopes = np.linalg.solve(whole[1:, 1:], whole[1:, 0])
    return slopes, float(whole[0, 0] - whole[0, 1:] @ slopes)


def _by_place(columns: Floats, series: Series) -> tuple[Floats, Whole, Whole]:
    """The columns and the gaps with all first scores first, then all second ones …, the longest courses foremost; and how many of each there are."""
    walk = [rows for rows, _ in series.places()]
    order = np.concatenate(walk)
    return columns[order], series.gaps()[order].astype(np.int64), np.array([len(rows) for rows in walk])


def _parts(columns: Floats, gaps: Whole, reach: Whole, phi: float, noise: float) -> Parts:
    """`columns`, `gaps` and `reach` as `_by_place` gives them."""
    state, spread, pulls = np.zeros((reach[0], columns.shape[1])), np.ones(reach[0]), np.zeros((reach[0], columns.shape[1]))
    scaled, total = np.empty_like(columns), np.empty(len(columns))
    carried = (phi ** np.arange(gaps.max() + 1, dtype=np.float64))[gaps]
    end = 0
    for now in reach:
        begin, end = end, end + now
        kept = carried[begin:end]
        state, spread = state[:now] * kept[:, None], 1.0 + kept**2 * (spread[:now] - 1.0)
        variance = spread + noise
        surprise = columns[begin:end] - state
        gain = spread / variance
        state += gain[:, None] * surprise
        spread = spread * (1.0 - gain)
        total[begin:end] = variance
        own = np.divide(surprise, np.sqrt(variance)[:, None], out=scaled[begin:end])
        pulls[:now] += own * own[:, 1:2]
    return Parts(scaled.T @ scaled, pulls, float(np.log(total).sum()), len(columns))


def _filtered(columns: Floats, gaps: Floats, walk: Iterator[tuple[Whole, Whole]], phi: float, noise: float) -> tuple[Floats, Floats]:
    """After every score: the filtered state of each column, and the running sums Σ score · one and Σ one · one of the innovations."""
    filtered, pulls = np.zeros_like(columns), np.zeros((len(columns), 2))
    before: tuple[Floats, Floats, Floats] | None = None
    for rows, _ in walk:
        now = len(rows)
        carried = phi ** gaps[rows]
        state, spread, sums = before if before is not None else (np.zeros((now, columns.shape[1])), np.ones(now), np.zeros((now, 2)))
        state, spread = state[:now] * carried[:, None], 1.0 + carried**2 * (spread[:now] - 1.0)
        total = spread + noise
        surprise = columns[rows] - state
        gain = spread / total
        state = state + gain[:, None] * surprise
        sums = sums[:now] + surprise * (surprise[:, 1] / total)[:, None]
        before = state, spread * (1.0 - gain), sums
        filtered[rows], pulls[rows] = state, sums
    return filtered, pulls


def _trend(sessions: ArrayLike) -> Floats:
    """One column of ones and one for each straight piece between the knots: sessions gone through in it."""
    t = np.asarray(sessions, dtype=np.float64)
    pieces = [np.clip(t, low, high) - low for low, high in zip(KNOTS[:-1], KNOTS[1:], strict=True)]
    return np.stack([np.ones_like(t), *pieces], axis=-1)


def _inside(point: Floats) -> tuple[float, float]:
    """Any two numbers as a phi and a ratio error² / state² that are allowed."""
    low, high = _PHI
    return float(low + (high - low) / (1.0 + np.exp(-point[0]))), float(np.exp(np.clip(point[1], *np.log(_NOISE))))


def _outside(phi: float, noise: float) -> Floats:
    low, high = _PHI
    return np.array([np.log((phi - low) / (high - phi)), np.log(noise)])


_SIMPLEX = np.array([_outside(0.4, 0.7), _outside(0.55, 0.7), _outside(0.4, 1.4)])
