"""What the real benchmark of simulated clinics says, over a quarter's two loads and the next quarter's, and what of it an attacker can use.

The attacker is given every figure that is stored, more than any one viewer is told; `at_the_door` pulls them as a page does, to see that it tells no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tests import clinics
from tests.attacks.attacker import ATTRIBUTES, Attacker, Release

from process.access import Clinic, Cohort, Viewer
from process.demo import Settings, simulate
from process.measures import benchmark, outcome_change
from process.measures import benchmark_differences as differences
from process.measures import benchmark_rules as rules
from process.measures.parameters import sql, stored

# The last week of a quarter's first load, a week later, and the next quarter's first load four weeks on: the fewer courses between, the easier the attack.
DAYS = tuple(map(pd.Timestamp, ("2026-09-07", "2026-09-14", "2026-10-05")))
FIRST, WEEK_LATER, NEXT_QUARTER = range(3)
POSITIONS = [*(ends for ends in rules.EVERY_BAND.values()), (0, 9999), (2, 2), (5, 7), (7, 9), (6, 12), (10, 30), (20, 21), (33, 40), (3, 4)]
FACTS = """select course_id, therapist_id, completed, last_week, problem, modality, team
from course_facts where ended and completed > 0 order by last_week nulls first, course_id"""
SETTLED = pd.Timedelta(days=rules.SETTLED_DAYS)
LONG = "17+"
DOOR = "endings"
_COVERED = {
    band: f"ended courses of {a} sessions and more" if band.endswith("+") else f"ended courses of {a} to {b} sessions"
    for band, (a, b) in rules.EVERY_BAND.items()
}
_COVERED |= {rules.EVERY_LENGTH: "ended courses of every length"}
Outcome = tuple[str, str, int]
"""A measure, the group of its figures and the attended session (0 = none) that a benchmark has a figure of."""


@dataclass(frozen=True)
class Told:
    """A clinic's ended courses at the last load (`courses`), what became of each (`outcomes`: course_id, amount, weight), which had ended at each load, the
    figures of each load, what the door told at the quarter's second load (`at_door`), and the attacker's and a colleague's code."""

    courses: pd.DataFrame
    outcomes: dict[Outcome, pd.DataFrame]
    ended: dict[int, np.ndarray]
    figures: dict[int, pd.DataFrame]
    at_door: pd.DataFrame | None
    therapist: str
    colleague: str

    def attacker(self, outcome: Outcome) -> Attacker:
        """Whoever is after this outcome, knowing their own courses. Of a mean, to know it is to know on which side of the clinic's median it lies."""
        found = self.courses[["course_id"]].merge(self.outcomes[outcome], on="course_id", how="left").fillna({"amount": 0.0, "weight": 0.0})
        amount, weight = found["amount"].to_numpy(), found["weight"].to_numpy()
        percent = benchmark.declared()[outcome[0]].kind == "percent"
        return Attacker(self.of("therapist"), amount, weight, 0.5 if percent else float(np.median(amount[weight > 0])), percent)

    def of(self, whom: str) -> np.ndarray:
        """Which courses the attacker (`therapist`) or a `colleague` treated."""
        return (self.courses["therapist_id"] == getattr(self, whom)).to_numpy()

    def settled(self, load: int) -> np.ndarray:
        """Which courses a figure of this load can be of."""
        return self.ended[load] & (self.courses["last_week"] <= DAYS[load] - SETTLED).to_numpy()

    def releases(self, outcome: Outcome, attacker: Attacker, loads: tuple[int, ...]) -> list[Release]:
        """Everything that these loads told of an outcome."""
        return [
            self._release(row, self.settled(load), attacker)
            for load in loads
            for row in self.figures[load].itertuples()
            if (row.measure, row.group, row.point) == outcome
        ]

    def _release(self, row, here: np.ndarray, attacker: Attacker) -> Release:
        of = self.cell(row, here & (attacker.weight > 0), attacker.weight)
        weights = np.sort(attacker.weight[of])
        drawn = int(np.ceil(rules.KEPT * len(weights)))
        step = rules.MEAN_STEP if not attacker.counted else rules.PERCENT_STEP if drawn < rules.FINE_FROM else rules.FINE_PERCENT_STEP
        share, half = row.value / 100, step / 200
        # Which were drawn is not known: at least those in which least is counted. The others may be anything.
        every, fewest = weights.sum(), weights[:drawn].sum()
        least, most = max(share - half, 0.0) * fewest, min(share + half, 1.0) * fewest + every - fewest
        if attacker.counted:
            least, most = np.ceil(least - 1e-9), np.floor(most + 1e-9)
        # Drawn without putting back: the part that was left out adds to the variance, and so does a step's rounding, a twelfth of its square.
        noise = (weights**2).sum() * (len(weights) - drawn) / drawn + (every * step / 100 / attacker.spread()) ** 2 / 12
        return Release(of, float(least), float(most), share * float(every), float(noise))

    def cell(self, row, here: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The courses, of those in `here`, that a figure can be of: the first ones that ended, in whole batches."""
        of = here & self.covered(row)
        whose = pd.factorize(self.courses["therapist_id"])[0]
        return of & (np.cumsum(of) <= differences.in_batches(whose[of], weight[of]))

    def usual_as_told(self, outcome: Outcome, attacker: Attacker) -> np.ndarray:
        """For each course the guess of a reader who uses the benchmark as it is meant, or the clinic's usual where it tells nothing of a course.

        That is what the newest quarter tells of the narrowest band that the course's length lies in: the mean of that band's figures, of all its courses and of
        those with one of the course's attributes. Of lengths a band cannot be asked, because it is what is sought.
        """
        found = np.full(len(self.courses), float(attacker.usual))
        rows = self.figures[max(self.figures)]
        rows = rows[(rows["measure"] == outcome[0]) & (rows["group"] == outcome[1]) & (rows["point"] == outcome[2])]
        for band in sorted(rows["band"].unique(), key=lambda name: np.diff(rules.EVERY_BAND[name])[0], reverse=True):
            told = [np.where(self.covered(row), row.value / 100, np.nan) for row in rows[rows["band"] == band].itertuples()]
            some = np.isfinite(told).any(axis=0)
            found[some] = np.nanmean(np.array(told)[:, some], axis=0) > attacker.half
        return found.astype(bool)

    def covered(self, row) -> np.ndarray:
        """The courses that a figure is said of: its band, and its code if it is of one."""
        of = self.courses["completed"].between(*rules.EVERY_BAND[row.band]).to_numpy()
        return of & (self.courses[row.attribute] == row.code).to_numpy() if row.attribute else of

    def length(self) -> Attacker:
        """Whoever does not know the lengths and wants to know which courses were long (`LONG`), from how many courses the figures are of."""
        return Attacker(self.of("therapist"), self.courses["completed"].ge(rules.EVERY_BAND[LONG][0]).to_numpy(dtype=float), np.ones(len(self.courses)))

    def lengths(self, loads: tuple[int, ...]) -> list[Release]:
        """Of the courses with each code, how many were long, as the numbers of courses behind the shares of endings leave it open."""
        found, first_long = [], rules.EVERY_BAND[LONG][0]
        for load in loads:
            rows = self.figures[load]
            for row in rows[rows["measure"] == "endings"].itertuples():
                first, last = rules.EVERY_BAND[row.band]
                of = self.settled(load) & ((self.courses[row.attribute] == row.code).to_numpy() if row.attribute else True)
                many, half = int(of.sum()), rules.COUNT_STEP / 2
                # Told is the number drawn, which is three quarters, rounded up, of whole batches. How many are left over rests on whose they are, too.
                low, high = np.floor((row.courses - half - 1) / rules.KEPT) + 1, many
                if first >= first_long:
                    found.append(Release(of, low, high if row.band == LONG else many, row.courses / rules.KEPT))
                elif last < first_long:
                    found.append(Release(of, 0.0, many - low, many - row.courses / rules.KEPT))
        return found


def told(folder: Path, patients: int, therapists: int, seed: int, loads: tuple[int, ...] = (FIRST, WEEK_LATER, NEXT_QUARTER)) -> Told:
    """A simulated clinic whose records are loaded on `DAYS`, and all that their benchmarks say."""
    whole = simulate(Settings(courses=patients, therapists=therapists, seed=seed))
    figures, facts, outcomes, whose, at_door = {}, {}, {}, [], None
    for load in loads:
        records = clinics.opened(folder, as_of(whole, DAYS[load]))
        whose = whose or clinics.therapists(records)[3:5]
        facts[load], figures[load] = records.engine.query(FACTS), stored_figures(records)
        outcomes = _outcomes(records.engine.query) if load == loads[-1] else {}
        at_door = at_the_door(records, whose[0], DOOR) if load == WEEK_LATER else at_door
        records.engine.close()
    courses = facts[loads[-1]]
    return Told(courses, outcomes, {load: courses["course_id"].isin(each["course_id"]).to_numpy() for load, each in facts.items()}, figures, at_door, *whose)


def as_of(records: dict[str, pd.DataFrame], day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """The clinic's records as they were on that day; whoever was seen later was still in therapy, and of them only the sessions so far are kept, because a
    benchmark is of ended courses."""
    last = records["sessions"].groupby("course_id")["week"].max()
    courses = records["courses"][records["courses"]["start_week"] <= day].copy()
    going = courses["course_id"].map(last) > day - pd.Timedelta(weeks=1)
    courses["ending"] = courses["ending"].astype(object).where(~going, "still_going")
    courses.loc[going, "last_contact_week"] = pd.NaT
    sessions = records["sessions"][(records["sessions"]["week"] <= day) & records["sessions"]["course_id"].isin(courses["course_id"])]
    done = {"courses": courses, "sessions": sessions, "manifest": records["manifest"].assign(as_of=day)}
    over = set(courses.loc[~going, "course_id"])
    for name in ("scores", "goals", "ruptures"):
        done[name] = records[name][records[name]["course_id"].isin(over)]
    for child, key, parent in (("goal_ratings", "goal_id", "goals"), ("goal_reviews", "goal_id", "goals"), ("rupture_steps", "rupture_id", "ruptures")):
        done[child] = records[child][records[child][key].isin(done[parent][key])]
    return {name: table.reset_index(drop=True) for name, table in done.items()}


def stored_figures(records) -> pd.DataFrame:
    """Every figure of the quarter's benchmark, whoever may read it: measure, group, point, band, attribute, code, value, courses."""
    rows = [of.assign(measure=measure, band=band, attribute=attribute, code=code) for (measure, band, attribute, code), of in records.benchmark.items()]
    found = pd.concat(rows) if rows else pd.DataFrame(columns=[*benchmark.KEYS, "value", "courses"])
    return found[[*benchmark.KEYS, "value", "courses"]].sort_values(list(benchmark.KEYS), ignore_index=True)


def at_the_door(records, therapist: str, measure: str) -> pd.DataFrame:
    """What the door tells a therapist of the clinic beside one measure, at every position of the slider, under every filter; as `stored_figures`."""
    clinic, found = Clinic(records, Viewer("tess", "therapist", therapist)), {}
    options = clinic.records.options(None)
    for number, cohort in enumerate([Cohort(), *(Cohort(**{name: [code]}) for name in ATTRIBUTES for code in options[name])]):
        lease = clinic.prepare(measure, cohort)
        # Every position without a filter; with one, the bands themselves and a position in none of them.
        for length in POSITIONS if number == 0 else POSITIONS[: len(rules.EVERY_BAND) + 1]:
            beside = lease.answer(measure, length).benchmark
            attribute = next((name for name in ATTRIBUTES if getattr(cohort, name) and f", {name} " in beside.covers), "")
            for row in beside.rows.itertuples():
                band = next(name for name, covered in _COVERED.items() if beside.covers.split(", ")[0].split(";")[0] == covered)
                code = getattr(cohort, attribute)[0] if attribute else ""
                found[measure, str(row.group), int(row.point), band, attribute, code] = (row.value, row.courses)
    rows = pd.DataFrame([(*place, *figure) for place, figure in found.items()], columns=[*benchmark.KEYS, "value", "courses"])
    return rows.sort_values(list(benchmark.KEYS), ignore_index=True)


def _outcomes(query) -> dict[Outcome, pd.DataFrame]:
    """What became of each ended course, by outcome, from the statements that the benchmark is made with and no figure: course_id, amount, weight."""
    found = {}
    for measure, about in benchmark.declared().items():
        if about.statement == benchmark.OUTCOME:
            changes = outcome_change.categories(query, stored(query))
            rows = changes.assign(group=changes["form"], point=0, part=changes["category"].isin(("recovered", "improved")).astype(float), whole=1.0)
        else:
            rows = query(sql(about.statement), **({"carried": benchmark.CARRIED_SESSIONS} if about.statement == benchmark.GOALS else {}))
        kept = rows[rows["whole"] > 0]
        scale = 1.0 if about.kind == "percent" else 100.0
        for (group, point), of in kept.groupby(["group", "point"]):
            made = pd.DataFrame({"course_id": of["course_id"], "amount": of["part"].astype(float) / scale, "weight": of["whole"].astype(float)})
            found[measure, str(group), int(point)] = made.reset_index(drop=True)
    return found
