"""Possible ruptures, rule by rule: how often each finds one, where rules agree, and where ruptures on record lie. What is recorded and what is possible stay
apart: one is never counted into the other.
"""

from __future__ import annotations

import numpy as np

from process.measures.cube import Cube, grid
from process.measures.dips import RULES
from process.measures.intervals import clustered_means, clustered_shares
from process.measures.measure import Measure, Query, Result, headlines, statement, unit, whole

NAMES = tuple(RULES)
PAIRS = tuple((rule, other) for place, rule in enumerate(NAMES) for other in NAMES[place + 1 :])
RECORDS = ("rupture_found", "none_found")


class DipRules(Measure):
    """The share of courses in which each rule finds a possible rupture; courses that are too short to tell, or have no score it reads, counted apart."""

    name = "dips_by_rule"
    sums = ("courses", "with_dip", "sessions", "possible", "too_short", "not_read")

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses, sessions and possible ruptures by length, rule and cluster; and the clinic's SD that falls are judged against."""
        clinic = self.ask(query, params, statement("dip_yardstick"))["value"].dropna()
        extra = {"clinic_sd": float(clinic.iloc[0])} if len(clinic) else {}
        return Cube({"rules": grid(self.ask(query, params), self.sums, "rule", NAMES)}, unit=unit(params), extra=extra)

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a rule, also where it applies to no course; notes: courses too short to tell and not read, by rule."""
        rules = cube.grids["rules"]
        cells = {name: array[:, 0] for name, array in rules.between(length).items()}
        counts = {name: array.sum(axis=-1) for name, array in cells.items()}
        everyone = cells["courses"] + cells["too_short"] + cells["not_read"]
        here = np.flatnonzero(everyone.sum(axis=-1) > 0)
        columns = {
            "rule": np.array(NAMES, dtype=object)[here],
            **{name: values[here] for name, values in self._figures(cells, cube.unit).items()},
            **{name: counts[name][here] for name in ("courses", "with_dip", "sessions", "possible")},
            "therapists": rules.therapists(cells["courses"])[here],
        }
        scored = {"courses": whole(everyone[0].sum()), "therapists": int(rules.therapists(everyone[0]))}
        notes = {f"{name}_{rule}": whole(counts[name][place]) for place, rule in enumerate(NAMES) for name in ("too_short", "not_read")}
        return Result(self.table(columns), headlines({"scored": scored}), notes | dict(cube.extra))

    def _figures(self, cells: dict, unit: str) -> dict[str, np.ndarray]:
        shares = clustered_shares(cells["courses"], cells["with_dip"], unit=unit)
        return {"share": 100.0 * shares.mean, "lower": 100.0 * shares.lower, "upper": 100.0 * shares.upper, "why": shares.why}


class DipRate(DipRules):
    """Possible ruptures by each rule for 100 scored sessions, of courses long enough to tell."""

    name = "dip_rate"
    asks = "dips_by_rule"

    def _figures(self, cells: dict, unit: str) -> dict[str, np.ndarray]:
        means = clustered_means(cells["sessions"], cells["possible"], unit=unit)
        return {"mean": 100.0 * means.mean, "lower": np.maximum(100.0 * means.lower, 0.0), "upper": 100.0 * means.upper, "why": means.why}


class DipAgreement(Measure):
    """Of the sessions in a possible rupture by one rule, the share that is in one by another rule as well, for every two rules."""

    name = "dip_agreement"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Sessions by length, pair of rules and cluster."""
        pairs = tuple(f"{rule} {other}" for rule, other in PAIRS)
        return Cube({"pairs": grid(self.ask(query, params), ["sessions", "in_rule", "in_other", "in_both", "courses"], "pair", pairs)}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """Two rows a pair, one for each of the two as the one asked about; headlines: Cohen's kappa of the pair, times 100."""
        pairs = cube.grids["pairs"]
        cells = {name: array[:, 0] for name, array in pairs.between(length).items()}
        here = np.flatnonzero(cells["sessions"].sum(axis=-1) > 0)
        found = [self._rows(cells, pairs, cube.unit, here, asked) for asked in ("in_rule", "in_other")]
        columns = {name: np.stack([part[name] for part in found], axis=1).reshape(-1) for name in self.definition.columns}
        heads = {}
        for place, (rule, other) in enumerate(PAIRS):
            people = {"courses": whole(cells["courses"][place].sum()), "therapists": int(pairs.therapists(cells["courses"][place]))}
            sums = {name: float(cells[name][place].sum()) for name in ("sessions", "in_rule", "in_other", "in_both")}
            heads[f"{rule} {other}"] = {"estimate": 100.0 * kappa(**sums), "sessions": whole(sums["sessions"]), **people}
        return Result(self.table(columns), headlines(heads), {})

    def _rows(self, cells: dict, pairs, unit: str, here: np.ndarray, asked: str) -> dict[str, np.ndarray]:
        shares = clustered_shares(cells[asked], cells["in_both"], unit=unit)
        names = np.array(PAIRS, dtype=object)[here].reshape(-1, 2)
        first, second = (0, 1) if asked == "in_rule" else (1, 0)
        return {
            "rule": names[:, first],
            "other": names[:, second],
            "share": 100.0 * shares.mean[here],
            "lower": 100.0 * shares.lower[here],
            "upper": 100.0 * shares.upper[here],
            "in_both": cells["in_both"].sum(axis=-1)[here],
            "in_rule": cells[asked].sum(axis=-1)[here],
            "sessions": cells["sessions"].sum(axis=-1)[here],
            "courses": cells["courses"].sum(axis=-1)[here],
            "therapists": pairs.therapists(cells["courses"])[here],
            "why": shares.why[here],
        }


class DipsAndRecorded(Measure):
    """Of the sessions with a rupture on record, and of those in which somebody looked and recorded none, the share in a possible rupture by each rule."""

    name = "dips_and_recorded"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Sessions by length, rule, what is on record, and cluster."""
        both = tuple(f"{rule} {record}" for rule in NAMES for record in RECORDS)
        return Cube({"sessions": grid(self.ask(query, params), ["sessions", "in_a_dip", "courses"], "rule_and_record", both)}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a rule and record with any session; headline `recorded`: the sessions with a rupture on record that most rules can tell about."""
        grid_of_sessions = cube.grids["sessions"]
        cells = {name: array[:, 0] for name, array in grid_of_sessions.between(length).items()}
        courses = cells["courses"].sum(axis=-1)
        shares = clustered_shares(cells["sessions"], cells["in_a_dip"], unit=cube.unit, courses=courses)
        here = np.flatnonzero(courses > 0)
        table = self.table(
            {
                "rule": np.repeat(np.array(NAMES, dtype=object), len(RECORDS))[here],
                "looked": np.tile(np.array(RECORDS, dtype=object), len(NAMES))[here],
                "share": 100.0 * shares.mean[here],
                "lower": 100.0 * shares.lower[here],
                "upper": 100.0 * shares.upper[here],
                "in_a_dip": cells["in_a_dip"].sum(axis=-1)[here],
                "sessions": cells["sessions"].sum(axis=-1)[here],
                "courses": courses[here],
                "therapists": grid_of_sessions.therapists(cells["courses"])[here],
                "why": shares.why[here],
            }
        )
        most = int(np.argmax(cells["sessions"].sum(axis=-1)[:: len(RECORDS)])) * len(RECORDS)
        total = {"courses": whole(courses[most]), "therapists": int(grid_of_sessions.therapists(cells["courses"][most]))}
        return Result(table, headlines({"recorded": {"sessions": whole(cells["sessions"][most].sum()), **total}}), {})


def kappa(sessions: float, in_rule: float, in_other: float, in_both: float) -> float:
    """Cohen's kappa of two yes-or-no judgements of the same sessions: (agreed - expected) / (1 - expected), NaN where chance alone would make them agree.

    Counts 0 or more, `in_both` at most either of the two. Source: Cohen 1960, Educational and Psychological Measurement 20(1), 37-46.
    """
    if sessions <= 0:
        return float("nan")
    one, two, both = in_rule / sessions, in_other / sessions, in_both / sessions
    agreed, expected = 1.0 - one - two + 2.0 * both, one * two + (1.0 - one) * (1.0 - two)
    return (agreed - expected) / (1.0 - expected) if expected < 1.0 - 1e-12 else float("nan")
