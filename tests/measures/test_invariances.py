"""What must not change a figure: the order of rows, the names of codes, where a clinic is cut in two, a constant added to every score.

Each property is asked of every measure of the catalogue; a measure for which one does not hold is named here with the reason.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.reference.clinics import clinic

from process.measures import catalogue

EVERY = pytest.mark.parametrize("name", catalogue.names())
LENGTH = (1, 40)
ADDED = 6.0
SCALE = {"wai_sr": 60 - 12, "srs": 40}
RESAMPLED = {"possible_ruptures_against_expectation"}
"""Bootstrap over courses: other names are other draws, so limits agree as closely as two runs of it do."""
NAMES = {"course_id": "K", "patient_id": "Q", "therapist_id": "W", "goal_id": "Z", "replaced_by": "Z", "rupture_id": "V"}


def whole() -> dict[str, pd.DataFrame]:
    return clinic(seed=31, courses=240, ruptures=0.12, therapists=9)


def renamed(code: object, letter: str) -> object:
    """Another code, in another order: the old one backwards."""
    return code if code is None or code != code else f"{letter}{str(code)[::-1]}"


def shuffled(records: dict) -> dict:
    return {name: table.sample(frac=1.0, random_state=7).reset_index(drop=True) for name, table in records.items()}


def under_other_names(records: dict) -> dict:
    return {
        name: table.assign(**{column: [renamed(code, NAMES[column]) for code in table[column]] for column in NAMES if column in table})
        for name, table in records.items()
    }


def of_therapists(records: dict, wanted: set[str]) -> dict:
    courses = records["courses"][records["courses"]["therapist_id"].isin(wanted)]
    part = {name: table[table["course_id"].isin(courses["course_id"])] if "course_id" in table else table for name, table in records.items()}
    for child, key in (("goal_ratings", "goal_id"), ("goal_reviews", "goal_id"), ("rupture_steps", "rupture_id")):
        if child in records:
            part[child] = records[child][records[child][key].isin(part["goals" if key == "goal_id" else "ruptures"][key])]
    return {name: table.reset_index(drop=True) for name, table in part.items()}


def of_one_form(records: dict) -> dict:
    """Alliance scores of one form only, away from the ends of its scale, so that a constant can be added."""
    scores = records["scores"]
    kept = scores[(scores["instrument"] == "wai_sr") & (scores["form"] == "5_point") & (scores["value"] < 60 - ADDED)]
    return records | {"scores": kept.reset_index(drop=True)}


def raised(records: dict) -> dict:
    return records | {"scores": records["scores"].assign(value=records["scores"]["value"] + ADDED)}


@pytest.fixture(scope="module")
def ask(opened, parameters):
    """The result of a measure on records, prepared once for each pair."""
    queries, results = {}, {}

    def make(label: str, records, name: str):
        if label not in queries:
            queries[label] = opened(records())
        if (label, name) not in results:
            measure = catalogue.measure(name)
            results[label, name] = measure.answer(measure.prepare(queries[label], **parameters()), LENGTH)
        return results[label, name]

    return make


def sorted_by(table: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    return table.sort_values(list(keys), ignore_index=True, key=lambda column: column.astype(str))


def same(one, other, name: str, keep: tuple[str, ...] = ()) -> None:
    keys = catalogue.measure(name).definition.keys
    loose = {"rtol": 0.35, "atol": 0.8} if name in RESAMPLED else {"rtol": 1e-8, "atol": 1e-7}
    pd.testing.assert_frame_equal(sorted_by(one.table, keys), sorted_by(other.table, keys), check_dtype=False, **loose)
    pd.testing.assert_frame_equal(one.headlines.drop(columns=list(keep)), other.headlines.drop(columns=list(keep)), check_dtype=False, **loose)
    assert one.notes.keys() == other.notes.keys()
    for note, value in one.notes.items():
        assert value == (pytest.approx(other.notes[note], rel=1e-8, nan_ok=True) if isinstance(value, float) else other.notes[note]), note


@EVERY
def test_the_order_of_rows_changes_nothing(ask, name):
    same(ask("whole", whole, name), ask("shuffled", lambda: shuffled(whole()), name), name)


@EVERY
def test_other_names_for_people_goals_and_ruptures_change_nothing_but_the_names(ask, name):
    before, after = ask("whole", whole, name), ask("renamed", lambda: under_other_names(whole()), name)
    table = before.table
    if "therapist_id" in table:
        table = table.assign(therapist_id=[renamed(code, "W") if code else code for code in table["therapist_id"]])
    same(type(before)(table, before.headlines, before.notes), after, name)


COUNTED_APART = {
    "rupture_against_like_sessions": "matched with the sessions of the whole clinic",
    "repaired_against_not_yet": "matched with the sessions of the whole clinic",
    "repair_by_length": "matched with the sessions of the whole clinic",
    "left_after_rupture": "matched with the sessions of the whole clinic",
    "fair_comparison_dropout": "limits rest on the whole clinic",
    "fair_comparison_improvement": "limits rest on the whole clinic",
    "attainment_same_courses": "the session up to which courses are the same depends on who is there",
    "attainment_by_modality": "the session at which groups are read depends on who is there",
    "attainment_by_problem": "the session at which groups are read depends on who is there",
    "attainment_by_setter": "the session at which groups are read depends on who is there",
}


ELSEWHERE = ("still_in", "in_therapy", "goals_agreed", "recorded", "of_courses")
"""Counts of all that could be in a row: a half in which nobody is does not have the row."""


@EVERY
def test_a_clinic_cut_in_two_by_therapist_counts_the_same_when_it_is_pooled(ask, name):
    about = catalogue.measure(name).definition
    if name in COUNTED_APART or about.estimated:
        pytest.skip(COUNTED_APART.get(name, f"rests on clinic-wide parameters: {', '.join(about.estimated)}"))
    staff = sorted(whole()["courses"]["therapist_id"].unique())
    parts = [ask(label, lambda chosen=chosen: of_therapists(whole(), set(chosen)), name) for label, chosen in (("first", staff[::2]), ("second", staff[1::2]))]
    counts = [count for count in about.counts if not count.endswith("_total") and count not in ELSEWHERE]
    pooled = pd.concat([part.table for part in parts]).groupby(list(about.keys), dropna=False)[counts].sum()
    together = ask("whole", whole, name).table.groupby(list(about.keys), dropna=False)[counts].sum()
    pooled = pooled.reindex(together.index, fill_value=0)
    pd.testing.assert_frame_equal(pooled, together, check_dtype=False)
    assert len(together)


POINTS = {"alliance_by_session"}
"""Measures of the score itself, which moves by the constant; the rest of the alliance page is about change."""
PERCENT = {
    "alliance_between_within": "course means are counted in fixed bands of the scale",
    "match_window": "courses are told apart by thirds of the level, which are the clinic's own",
}


@pytest.mark.parametrize("name", [name for name in catalogue.names() if catalogue.measure(name).definition.page in ("alliance", "ruptures")])
def test_a_constant_added_to_every_alliance_score_moves_levels_by_it_and_leaves_change_alone(ask, name):
    if name in PERCENT:
        pytest.skip(PERCENT[name])
    before, after = ask("one form", lambda: of_one_form(whole()), name), ask("raised", lambda: raised(of_one_form(whole())), name)
    shift = 100 * ADDED / SCALE["wai_sr"] if name in POINTS else 0.0
    moved = {column: before.table[column] + shift for column in ("mean", "lower", "upper") if name in POINTS}
    lines = before.headlines
    if name in POINTS:
        levels = ~lines.index.str.startswith("gap")
        lines = lines.assign(**{column: lines[column] + shift * levels for column in ("estimate", "lower", "upper")})
    same(type(before)(before.table.assign(**moved), lines, before.notes), after, name)
    assert len(before.table) and np.isfinite(before.table[list(catalogue.measure(name).definition.counts)].to_numpy(dtype=float)).all()
