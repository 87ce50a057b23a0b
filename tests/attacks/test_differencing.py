"""One figure taken from another: with exact figures and a free slider it tells what became of colleagues' patients; with the benchmark it tells nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from tests import clinics
from tests.attacks.attacker import Attacker, Release, naive

from process.access import Clinic, Cohort, Viewer
from process.demo import Settings, simulate
from process.measures import benchmark_rules as rules

# The last week of a quarter's first load, a week later, and the next quarter's first load four weeks on: the fewer courses between, the easier the attack.
DAYS = tuple(map(pd.Timestamp, ("2026-09-07", "2026-09-14", "2026-10-05")))
ATTRIBUTES = ("problem", "modality", "team")
CLINICS = [pytest.param(500, 10, seeds, id=f"500 patients, {len(seeds)} seeds") for seeds in ([1],)]
CLINICS += [
    pytest.param(patients, therapists, range(10, 10 + many), id=f"{patients} patients, {many} seeds", marks=[pytest.mark.soak, pytest.mark.timeout(3600)])
    for patients, therapists, many in ((500, 10, 12), (2_000, 32, 5), (20_000, 300, 2))
]
FEW_COURSES = 30  # of each clinic, for which every outcome that all figures together allow is worked out


@dataclass(frozen=True)
class Attack:
    """A clinic over three loads, the attacker in it, and what the door gave: figures of each load."""

    attacker: Attacker
    pulled: list[pd.DataFrame]
    ended: list[np.ndarray]

    def releases(self) -> list[Release]:
        """Everything that the first quarter and the next one told, as numbers of courses that were stopped."""
        return [
            self._release(row, here) for figures, here in ((self.pulled[0], self.ended[0]), (self.pulled[2], self.ended[2])) for row in figures.itertuples()
        ]

    def _release(self, row, here: np.ndarray) -> Release:
        courses = self.attacker.courses
        first, last = rules.EVERY_BAND[row.band]
        of = here & (courses["completed"] >= first).to_numpy() & (courses["completed"] <= last).to_numpy()
        of &= (courses[row.attribute] == row.code).to_numpy() if row.attribute else True
        many = int(of.sum())
        drawn = int(np.ceil(rules.KEPT * many))
        half = (rules.PERCENT_STEP if drawn < rules.FINE_FROM else rules.FINE_PERCENT_STEP) / 2
        least, most = (np.ceil((row.value - half) * drawn / 100 - 1e-9), np.floor((row.value + half) * drawn / 100 + 1e-9))
        # Those who were not drawn may have been stopped or not.
        return Release(of, least, most + many - drawn, row.value * many / 100)


def as_of(records: dict[str, pd.DataFrame], day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Courses and sessions as the clinic had them on that day; whoever was seen later was still in therapy."""
    sessions = records["sessions"][records["sessions"]["week"] <= day]
    last = records["sessions"].groupby("course_id")["week"].max()
    courses = records["courses"][records["courses"]["start_week"] <= day].copy()
    going = courses["course_id"].map(last) > day - pd.Timedelta(weeks=1)
    courses["ending"] = courses["ending"].astype(object).where(~going, "still_going")
    courses.loc[going, "last_contact_week"] = pd.NaT
    sessions = sessions[sessions["course_id"].isin(courses["course_id"])]
    return {"manifest": records["manifest"].assign(as_of=day), "courses": courses.reset_index(drop=True), "sessions": sessions.reset_index(drop=True)}


def cohorts(courses: pd.DataFrame) -> list[Cohort]:
    """No filter, and each single code of each attribute."""
    chosen = [Cohort(**{name: [code]}) for name in ATTRIBUTES for code in sorted(courses[name].dropna().unique())]
    return [Cohort(), *chosen]


def pulled(records, therapist: str, courses: pd.DataFrame, positions: list[tuple[int, int]]) -> pd.DataFrame:
    """What the door tells a therapist of the clinic at every position of the slider, under every filter: value, band, attribute, code."""
    clinic, found = Clinic(records, Viewer("tess", "therapist", therapist)), {}
    for number, cohort in enumerate(cohorts(courses)):
        lease = clinic.prepare("endings", cohort)
        # Every position without a filter; with one, the bands themselves and a position in none of them.
        for length in positions if number == 0 else positions[: len(rules.EVERY_BAND) + 1]:
            beside = lease.answer("endings", length).benchmark
            attribute = next((name for name in ATTRIBUTES if getattr(cohort, name) and f", {name} " in beside.covers), "")
            for row in beside.rows.itertuples():
                band = next(name for name, covered in _COVERED.items() if beside.covers.split(", ")[0].split(";")[0] == covered)
                found[band, attribute, getattr(cohort, attribute)[0] if attribute else ""] = row.value
    return pd.DataFrame([(*place, value) for place, value in found.items()], columns=["band", "attribute", "code", "value"])


_COVERED = {
    band: f"ended courses of {a} sessions and more" if band.endswith("+") else f"ended courses of {a} to {b} sessions"
    for band, (a, b) in rules.EVERY_BAND.items()
}
_COVERED |= {rules.EVERY_LENGTH: "ended courses of every length"}
ENDED = "select course_id, therapist_id, completed, problem, modality, team, ending from course_facts where ended and completed > 0"
POSITIONS = [*(ends for ends in rules.EVERY_BAND.values()), (0, 9999), (2, 2), (5, 7), (7, 9), (6, 12), (10, 30), (20, 21), (33, 40), (3, 4)]


def attack(folder, patients: int, therapists: int, seed: int) -> Attack:
    whole = simulate(Settings(courses=patients, therapists=therapists, seed=seed))
    loads = [as_of(whole, day) for day in DAYS]
    figures, facts, therapist = [], [], ""
    for load in loads:
        records = clinics.opened(folder, load)
        therapist = therapist or clinics.therapists(records)[3]
        facts.append(
            records.engine.query("select course_id, therapist_id, completed, problem, modality, team, ending from course_facts where ended and completed > 0")
        )
        figures.append(pulled(records, therapist, load["courses"], POSITIONS))
        records.engine.close()
    courses = facts[-1].sort_values("course_id").reset_index(drop=True)
    ended = [courses["course_id"].isin(each["course_id"]).to_numpy() for each in facts]
    attacker = Attacker(courses, (courses["therapist_id"] == therapist).to_numpy(), (courses["ending"] == "patient_stopped").to_numpy())
    return Attack(attacker, figures, ended)


def states(courses: pd.DataFrame) -> list[np.ndarray]:
    """Which courses each state of the filters keeps: of each attribute one code or all of them."""
    codes = [[np.ones(len(courses), bool), *((courses[name] == code).to_numpy() for code in sorted(courses[name].dropna().unique()))] for name in ATTRIBUTES]
    return [np.logical_and.reduce(state) for state in product(*codes)]


@pytest.fixture(scope="module")
def attacks(tmp_path_factory):
    """Attacks by clinic and seed, each made once."""
    made = {}

    def one(patients: int, therapists: int, seed: int) -> Attack:
        if (patients, seed) not in made:
            made[patients, seed] = attack(tmp_path_factory.mktemp("store"), patients, therapists, seed)
        return made[patients, seed]

    return one


@pytest.mark.parametrize(("patients", "therapists", "seeds"), CLINICS)
def test_exact_figures_from_eight_courses_on_and_a_free_slider_give_colleagues_patients_away(attacks, patients, therapists, seeds):
    """The rule that was not taken: the attack works, so that the next tests cannot pass by accident."""
    shares = []
    for seed in seeds:
        attacker = attacks(patients, therapists, seed).attacker
        found = naive(attacker, states(attacker.courses))
        assert all(attacker.stopped[course] == outcome and not attacker.own[course] for course, outcome in found.items())
        shares.append(len(found) / (~attacker.own).sum())
    print(f"exact figures: {np.mean(shares):.0%} of colleagues' patients ({min(shares):.0%} to {max(shares):.0%})")
    assert min(shares) > 0.25


@pytest.mark.parametrize(("patients", "therapists", "seeds"), CLINICS)
def test_the_benchmark_is_the_same_all_quarter_and_wherever_the_slider_stands_between_two_bands(attacks, patients, therapists, seeds):
    for seed in seeds:
        first, week_later, next_quarter = attacks(patients, therapists, seed).pulled
        pd.testing.assert_frame_equal(first, week_later)
        assert len(first) > 5 and not first.equals(next_quarter)
        assert (first["value"] > 0).all() and (first["value"] < 100).all()


@pytest.mark.parametrize(("patients", "therapists", "seeds"), CLINICS)
def test_no_difference_of_two_figures_and_no_programme_over_all_of_them_tells_one_outcome(attacks, patients, therapists, seeds):
    for seed in seeds:
        made = attacks(patients, therapists, seed)
        releases = made.releases()
        assert made.attacker.subtracted(releases) == {}
        new = np.flatnonzero(made.ended[2] & ~made.ended[0] & ~made.attacker.own)
        others = np.flatnonzero(~made.attacker.own & made.ended[0])
        chosen = np.random.default_rng(seed).permutation(others)[:FEW_COURSES]
        possible = made.attacker.feasible(releases, sorted({*new[:FEW_COURSES].tolist(), *chosen.tolist()}))
        assert set(possible.values()) == {(0.0, 1.0)}, "both outcomes must be possible"


@pytest.mark.parametrize(("patients", "therapists", "seeds"), CLINICS)
def test_a_bold_attacker_is_right_no_more_often_than_the_base_rate(attacks, patients, therapists, seeds):
    """Against the guess that everybody in reach has what most have; on the courses where the two differ the attacker is right no more often than wrong."""
    claims = right = base = for_it = against = 0
    for seed in seeds:
        made = attacks(patients, therapists, seed)
        attacker = made.attacker
        usual = bool(attacker.stopped.mean() > 0.5)
        for course, claim in attacker.guessed(made.releases()).items():
            truth = bool(attacker.stopped[course])
            claims, right, base = claims + 1, right + (claim == truth), base + (usual == truth)
            for_it, against = for_it + (claim != usual and claim == truth), against + (claim != usual and claim != truth)
    print(f"benchmark: {claims} claims, right {right}, base rate {base}; where they differ {for_it} right, {against} wrong")
    assert claims == 0 or right <= base or binomtest(for_it, for_it + against, 0.5, alternative="greater").pvalue > 0.01
