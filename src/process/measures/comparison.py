"""Therapists side by side, fairly or not at all: limits that chance would keep, the case mix taken out, estimates drawn to the clinic's share; no order.

What everybody is compared with (the clinic's share, φ, τ, the distribution of therapists) is estimated from the whole clinic once a quarter (`fair`), so
that a therapist is told the same as the director. Under the minimum of courses or of therapists nobody is compared, and neither where a filter or the
range leaves courses out: then the clinic's numbers are not those of the courses that are looked at.
"""

from __future__ import annotations

import numpy as np

from process.measures.cube import Cube, grid
from process.measures.fair import adjusted, effective
from process.measures.funnel import adjusted_limits, proportion_limits
from process.measures.intervals import LEVEL, clustered_shares, wilson
from process.measures.measure import Measure, Query, Result, headlines, unit, whole
from process.measures.therapist_share import drawn_together

EVERYONE = ""
LEVELS = (0.95, 0.998)
NUMBERS = ("target", "phi", "tau", "tau_uncorrected", "prior_a", "prior_b", "variance_share", "variance_share_from", "variance_share_to")
_FILTERS = ("teams", "modalities", "problems", "endings", "start_from", "start_to")


class FairComparison(Measure):
    """The share of ended courses in which something happened, therapist by therapist in the order of their codes."""

    asks = "fair_comparison"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses, events and what the case-mix model expected, by length and cluster; the clinic's numbers beside them."""
        cells = self.ask(query, params)
        narrowed = params["basis"] == "planned" or any(params.get(name) is not None for name in _FILTERS)
        clinic = {name: float(cells[name].iloc[0]) if len(cells) else np.nan for name in NUMBERS}
        therapists = tuple(sorted(cells["therapist_id"].unique()))
        return Cube(
            {"courses": grid(cells, ["courses", "observed", "anticipated", "variance"])},
            unit=unit(params),
            extra={"clinic": clinic, "narrowed": narrowed, "confined": params.get("therapists") is not None, "therapists": therapists},
        )

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """A row for each therapist by code and, over those who are compared, one for all (therapist_id empty; not in a therapist's own view).

        Within one therapist's or a supervisor's own courses the number of therapists is no reason to compare nobody: each is set against the clinic.

        Headline `compared`: the share over all rows; notes: the clinic's numbers, `left_out` in words, or `refused` and why.
        """
        counted = cube.grids["courses"]
        cells = {name: array[0, 0] for name, array in counted.between(length).items()}
        own, confined = cube.unit == "courses", cube.extra["confined"]
        sums = {name: _by_therapist(cells[name], counted.starts) for name in cells}
        n = sums["courses"]
        names = np.array(cube.extra["therapists"], dtype=object)
        there = n > 0
        minimum, several = self.definition.parameter("minimum_courses"), self.definition.parameter("minimum_therapists")
        enough = n >= minimum
        refused = "" if confined or enough.sum() >= several else f"fewer than {several:.0f} therapists have {minimum:.0f} such courses or more"
        narrowed = cube.extra["narrowed"] or (len(counted.lengths) > 0 and (length[0] > counted.lengths[0] or length[1] < counted.lengths[-1]))
        clinic = {name: np.nan for name in NUMBERS} if narrowed or refused else cube.extra["clinic"]
        # All together are those who are compared, and nobody else: taken from that sum, the rows shown leave nothing of those who are not.
        behind = there if refused else enough
        kept = np.repeat(behind, np.diff([*counted.starts, len(cells["courses"])])) if len(n) else np.zeros(0, dtype=bool)
        together = clustered_shares(cells["courses"][None] * kept, cells["observed"][None] * kept, unit=cube.unit)
        rows = _rows(sums, enough, there if confined else enough, minimum, clinic)
        shown = np.flatnonzero(there) if not refused else np.zeros(0, dtype=np.int64)
        first = not own and bool(behind.any())
        everyone = {name: float(100.0 * value[0]) for name, value in (("share", together.mean), ("lower", together.lower), ("upper", together.upper))}
        columns = {name: np.concatenate([[everyone.get(name, np.nan)] * first, values[shown]]) for name, values in rows.items() if name != "why"}
        total = whole(cells["courses"][kept].sum())
        table = self.table(
            {
                "therapist_id": np.array([EVERYONE] * first + list(names[shown]), dtype=object),
                **columns,
                "courses": np.concatenate([[total] * first, n[shown]]),
                "therapists": np.concatenate([[behind.sum()] * first, np.ones(len(shown))]),
                "why": np.array([str(together.why[0])] * first + list(rows["why"][shown]), dtype=object),
            }
        )
        compared = {"estimate": everyone["share"], "lower": everyone["lower"], "upper": everyone["upper"], "why": str(together.why[0])}
        notes = {name: value for name, value in clinic.items() if np.isfinite(value)} | ({"refused": refused} if refused else {})
        return Result(table, headlines({"compared": {**compared, "courses": total, "therapists": int(behind.sum())}}), notes)


class FairComparisonDropout(FairComparison):
    """The share of ended courses that the patient stopped."""

    name = "fair_comparison_dropout"


class FairComparisonImprovement(FairComparison):
    """The share of ended courses whose outcome score changed reliably for the better."""

    name = "fair_comparison_improvement"


def beyond(n: np.ndarray, share: np.ndarray, target: float, tau: float, level: float) -> np.ndarray:
    """Whether a share of `n` effective courses lies outside the limits at that level that chance and the usual differences between therapists would keep."""
    lower, upper = limits(n, target, tau, level)["usual"]
    return (share < lower - 1e-12) | (share > upper + 1e-12)


def limits(n: np.ndarray, target: float, tau: float, level: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Both kinds of limits for effective numbers of courses, 0 to 1: `chance` (exact binomial of the whole courses in it) and `usual`.

    `usual` are the limits widened for overdispersion, and those of chance wherever these are wider: on the arcsine scale few courses have limits that chance
    alone leaves too often.
    """
    chance = proportion_limits(np.floor(n + 1e-9), target, level)
    widened = adjusted_limits(n, target, level, tau)
    return {"chance": chance, "usual": (np.minimum(chance[0], widened[0]), np.maximum(chance[1], widened[1]))}


def _rows(sums: dict[str, np.ndarray], enough: np.ndarray, shown: np.ndarray, minimum: float, clinic: dict[str, float]) -> dict[str, np.ndarray]:
    n, observed, anticipated = (sums[name] for name in ("courses", "observed", "anticipated"))
    lower, upper = wilson(np.where(shown, observed, 0.0), np.where(shown, n, 0.0), LEVEL)
    target, tau, a, b = (clinic[name] for name in ("target", "tau", "prior_a", "prior_b"))
    corrected = np.where(enough, adjusted(observed, anticipated, target), np.nan)
    size = np.where(enough, effective(anticipated, sums["variance"], target), np.nan)
    level = np.zeros(len(n))
    for step in LEVELS if np.isfinite(target + tau) else ():
        level = np.where(beyond(size, corrected, target, tau, step), 100.0 * step, level)
    common = a / (a + b) if np.isfinite(a + b) else target
    shrunk = drawn_together(corrected * size, size, common, clinic["variance_share"], clinic["variance_share_to"])
    values = {
        "share": observed / np.where(shown & (n > 0), n, np.nan),
        "lower": lower,
        "upper": upper,
        "expected": np.where(enough, anticipated / np.where(n > 0, n, np.nan), np.nan) if np.isfinite(target) else np.full(len(n), np.nan),
        "adjusted": corrected,
        "shrunk": shrunk[0],
        "shrunk_lower": shrunk[1],
        "shrunk_upper": shrunk[2],
    }
    compared = enough & np.isfinite(corrected * size) & np.isfinite(tau)
    return {
        **{name: 100.0 * value for name, value in values.items()},
        "effective": size,
        "beyond": np.where(compared, level, np.nan),
        "why": np.where(enough, "", f"fewer than {minimum:.0f} courses").astype(object),
    }


def _by_therapist(cells: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.add.reduceat(cells, starts) if len(starts) else np.zeros(0)
