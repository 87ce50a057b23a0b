"""One clinic of the study: every contrast's estimate and interval, beside what is true there and what the naive curve would have said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from benchmarks.coverage import truth
from benchmarks.coverage.worlds import EVERYONE, World, worlds

from process.measures import expectation
from process.measures.against_expectation import PossibleRupturesAgainstExpectation
from process.measures.autoregression import Autoregression, Series
from process.measures.cube import Cube
from process.measures.parameters import sql
from process.measures.rupture_contrasts import RepairByLength, RepairedAgainstNotYet, RuptureAgainstLikeSessions, _where

ALL = (0, 100_000)
_LONGEST = 100_000  # sessions: more than any course has
LIKE, REPAIR, BANDS = RuptureAgainstLikeSessions(), RepairedAgainstNotYet(), RepairByLength()
EXPECT = PossibleRupturesAgainstExpectation()
PAIRS = {"a": ("both", "none"), "b": ("both", "no_repair"), "c": ("both", "none")}
"""The world with the effect in question and the one without it."""
_BY_FATE = """
select rupture_facts.repaired, avg(after_4 - session_windows.baseline), avg(after_5 - session_windows.baseline), avg(after_6 - session_windows.baseline)
from rupture_facts
inner join session_windows on session_windows.course_id = rupture_facts.course_id and session_windows.attended_rank = rupture_facts.onset_rank
group by rupture_facts.repaired
"""
COLUMNS = ("seed", "contrast", "effect", "estimate", "lower", "upper", "df", "why", "n", "compared", "truth", "whole", "naive")


@dataclass(frozen=True)
class Pilot:
    """What is known of worlds without effects, from clinics of their own: m(x) of both contrasts, what (c) expects, and the within-course SD."""

    like: truth.Foretold
    repair: truth.Foretold
    expected: expectation.Expectation
    within_sd: float


def pilot(clinics: int, courses: int = 2400, therapists: int = 40, first_seed: int = 1_000_000) -> Pilot:
    """From that many clinics, none of which is in the study."""
    like, repair, fitted, spread = [], [], [], []
    for seed in range(first_seed, first_seed + clinics):
        for world in worlds(courses, therapists, seed):
            if world.name == "none":
                like.append(LIKE.prepare(world.query, **EVERYONE).rows)
                fitted.append(expectation.expectation(world.parameters))
                spread.append(world.parameters.query("parameter == 'within_course_sd' and part == 'patient'")["value"].iloc[0])
            elif world.name == "no_repair":
                repair.append(REPAIR.prepare(world.query, **EVERYONE).rows)
    numbers = {name: float(np.mean([getattr(one.model, name) for one in fitted])) for name in ("phi", "between", "state", "error")}
    trend = tuple(np.mean([one.model.trend for one in fitted], axis=0).tolist())
    model = Autoregression(**numbers, trend=trend, log_likelihood=np.nan, courses=0, scores=0)
    correction = (np.mean([getattr(one, name) for one in fitted], axis=0) for name in ("levels", "shifts"))
    expected = expectation.Expectation(model, *correction)
    return Pilot(truth.Foretold.of(LIKE, like), truth.Foretold.of(REPAIR, repair), expected, float(np.mean(spread)))


def clinic(courses: int, therapists: int, seed: int, known: Pilot) -> pd.DataFrame:
    """Every contrast in one clinic, with its effect on and off: columns `COLUMNS`."""
    cubes: dict[str, dict[str, Cube]] = {"a": {}, "b": {}, "c": {}}
    series: dict[str, Series] = {}
    dips: dict[str, np.ndarray] = {}
    naive: dict[str, dict[str, float]] = {}
    for world in worlds(courses, therapists, seed):
        for key, measure in (("a", LIKE), ("b", REPAIR), ("c", EXPECT)):
            if world.name in PAIRS[key] or (key == "b" and world.name == "late"):
                cubes[key][world.name] = measure.prepare(world.query, **EVERYONE)
        if world.name in PAIRS["c"]:
            series[world.name], dips[world.name] = _series(world)
        naive[world.name] = _naive(world, cubes)
    rows = []
    for key, measure, foretold in (("a", LIKE, known.like), ("b", REPAIR, known.repair)):
        on, off = PAIRS[key]
        for name in (on, off):
            found = truth.of_contrast(measure, foretold, cubes[key][name].rows, cubes[key][off].rows)
            row = measure.answer(cubes[key][name], ALL).headlines.loc["difference"]
            counts = {"n": row["matched"], "compared": row["like_sessions" if key == "a" else "not_yet"]}
            rows.append(_row(seed, key, "on" if name == on else "off", row, counts, found.given, found.whole, naive[name][key]))
    rows += _bands(seed, cubes["b"], known)
    for name in PAIRS["c"]:
        row = EXPECT.answer(cubes["c"][name], ALL).headlines.loc["difference"]
        found = _excess(series[name], series["none"], dips[name], known.expected)
        rows.append(
            _row(seed, "c", "on" if name == "both" else "off", row, {"n": row["followed"], "compared": row["courses"]}, found, np.nan, naive[name]["c"])
        )
    return pd.DataFrame(rows)[list(COLUMNS)]


def _row(seed: int, contrast: str, effect: str, found: pd.Series, counts: dict, given: float, whole: float, naive: float) -> dict:
    taken = {name: found.get(name, np.nan) for name in ("estimate", "lower", "upper", "df", "why")}
    return {"seed": seed, "contrast": contrast, "effect": effect, **taken, **counts, "truth": given, "whole": whole, "naive": naive}


def _bands(seed: int, cubes: dict[str, Cube], known: Pilot) -> list[dict]:
    """Contrast (b) in each band of length to date: effect in all (`on`), from session 17 only (`late`), in none (`off`)."""
    rows = []
    for effect, name in (("on", "both"), ("late", "late"), ("off", "no_repair")):
        table = BANDS.answer(cubes[name], ALL).table
        band = RepairByLength._length_to_date(BANDS, cubes[name].rows)
        for place, row in enumerate(table.to_dict("records")):
            here, without = (_where(cubes[world].rows, band == place) for world in (name, "no_repair"))
            found = truth.of_contrast(REPAIR, known.repair, here, without)
            counts = {"n": row["repaired"], "compared": row["not_yet"]}
            rows.append(_row(seed, f"b {row['length_to_date']}", effect, pd.Series(row), counts, found.given, found.whole, np.nan))
    return rows


def _series(world: World) -> tuple[Series, np.ndarray]:
    """The scores of a world, and the rows of them at which a dip begins."""
    scores = world.query(sql(expectation.PARAMETER))
    number, codes = pd.factorize(scores["course_id"])
    series = Series.of(number, scores["attended_rank"], scores["pomp"])
    dips = world.query("select course_id, onset_rank from dip_expectations")
    places = pd.Index(codes).get_indexer(dips["course_id"]) * _LONGEST + dips["onset_rank"].to_numpy(np.int64)
    return series, np.searchsorted(series.course * _LONGEST + series.session, places)


def _excess(there: Series, without: Series, at: np.ndarray, expected: expectation.Expectation) -> float:
    """The truth of (c): over the dips found, observed minus foretold (as learnt in worlds without effects), with the effects less without them."""
    if not len(at):
        return float("nan")
    beyond = []
    for series in (there, without):
        apart = expectation.later(series, at, expectation.AHEAD) - expected.ahead(series, at)
        known = ~np.isnan(apart)
        beyond.append(np.where(known.any(axis=1), np.nan_to_num(apart).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan))
    return float(np.nanmean(beyond[0] - beyond[1]))


def _naive(world: World, cubes: dict[str, dict[str, Cube]]) -> dict[str, float]:
    """What the curves alone would say: (a) after minus before, (b) repaired minus not repaired at +4 to +6, (c) after minus the fall itself."""
    found = dict.fromkeys("abc", float("nan"))
    if world.name in cubes["a"]:
        rows = cubes["a"][world.name].rows
        found["a"] = float(np.nanmean(rows["outcome"][rows["treated"]]))
    if world.name in PAIRS["b"]:
        later = world.query(_BY_FATE).set_index("repaired").mean(axis=1)
        found["b"] = float(later.get(True, np.nan) - later.get(False, np.nan))
    if world.name in cubes["c"]:
        table = EXPECT.answer(cubes["c"][world.name], ALL).table.query("arm == 'observed'").set_index("offset")["mean"]
        found["c"] = float(table.reindex([1, 2, 3]).mean() - table.get(0, np.nan))
    return found
