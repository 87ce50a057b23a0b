"""A generation made from the one before is the generation that a full build makes: every row of every table."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from tests import clinics

from process import store
from process.loading import changes, incremental
from process.loading.incremental import LARGEST
from process.measures.publishing import publish
from process.store import unlocking

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 6))]


def loaded(folder, records, mode="replace", key=None, anew=False):
    """Load, and give the generation with whether it was made from the one before."""
    told = []
    with changes.compare(folder, records, mode) as comparison:
        generation = incremental.publish(folder, comparison, lambda what, done, total: told.append(what), key=key, anew=anew)
        return generation, "copying the generation before" in told, dict(comparison.records())


def rebuilt(folder, records, tmp_path):
    """What a full build makes of the records, with the parameters that the store had."""
    aside = tmp_path / "aside"
    shutil.copytree(folder, aside)
    return publish(aside, records)


def some_week(whole, seed: int) -> dict[str, pd.DataFrame]:
    """A week's records: new courses, new appointments with scores, goals closed, ratings, ruptures and repairs, corrections, rows taken out."""
    chance = np.random.default_rng(seed)
    records = {name: table.copy() for name, table in whole.items()}
    courses = chance.choice(whole["courses"]["course_id"], 12, replace=False)
    last = whole["sessions"].groupby("course_id")["session_number"].max()
    numbers = last.loc[courses].to_numpy() + 1
    attended = chance.choice(["attended", "missed", "attended"], len(courses))
    sessions = pd.DataFrame({"course_id": courses, "session_number": numbers, "attendance": attended, "rupture_reviewed": "both"})
    scores = whole["scores"].sample(len(courses), random_state=seed).assign(course_id=courses, session_number=numbers)
    ruptures = whole["ruptures"].head(3).assign(rupture_id=[f"new {seed} {n}" for n in range(3)], course_id=courses[:3], session_number=numbers[:3])
    steps = pd.DataFrame({"rupture_id": [f"new {seed} 0"] * 3, "session_number": [numbers[0]] * 3, "step": ["acknowledged", "acknowledged", "repaired"]})
    steps["by"] = ["patient", "therapist", "patient"]
    added = {"sessions": sessions, "scores": scores, "ruptures": ruptures, "rupture_steps": steps}
    new = whole["courses"].tail(2).assign(course_id=[f"new {seed} a", f"new {seed} b"], patient_id=[f"new {seed} a", f"new {seed} b"])
    added["courses"] = new
    added["sessions"] = pd.concat([sessions, pd.DataFrame({"course_id": new["course_id"], "session_number": 1, "attendance": "attended"})])
    for name, rows in added.items():
        records[name] = pd.concat([records[name], rows], ignore_index=True)
    ended = records["courses"]["course_id"].isin(courses[3:6])
    records["courses"].loc[ended, "ending"] = "patient_stopped"
    changed = chance.choice(len(whole["scores"]), 8, replace=False)
    records["scores"].loc[changed, "value"] = (records["scores"].loc[changed, "value"] - 1).clip(lower=0)
    open_goals = records["goals"].index[(records["goals"]["fate"] == "open") & records["goals"]["course_id"].isin(courses)][:4]
    records["goals"].loc[open_goals, "fate"] = "reached"
    records["goals"].loc[open_goals, "closed_session"] = 9000
    records["goal_ratings"] = records["goal_ratings"].drop(chance.choice(len(whole["goal_ratings"]), 5, replace=False))
    gone = set(records["ruptures"].sample(2, random_state=seed)["rupture_id"])
    for name in ("ruptures", "rupture_steps"):
        records[name] = records[name][~records[name]["rupture_id"].isin(gone)]
    return records


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_of_changes_gives_every_table_that_a_full_build_gives(folder, whole, tmp_path, unequal, seed):
    records = some_week(whole, seed)
    reference = rebuilt(folder, records, tmp_path)

    generation, from_before, _ = loaded(folder, records)

    assert from_before
    assert unequal(generation, reference) == []
    assert generation == store.current(folder)


def test_week_after_week_it_stays_the_same_as_a_full_build(folder, whole, tmp_path, unequal):
    records = whole
    for seed in (11, 12):
        records = some_week(records, seed)
        _, from_before, _ = loaded(folder, records)
        assert from_before

    assert unequal(store.current(folder), rebuilt(folder, records, tmp_path)) == []


def test_added_and_corrected_rows_give_what_a_full_build_of_everything_gives(folder, whole, tmp_path, unequal):
    later = some_week(whole, 3)
    keys = ["course_id", "session_number"]
    new = later["sessions"].merge(whole["sessions"][keys], on=keys, how="left", indicator=True).query("_merge == 'left_only'").drop(columns="_merge")
    delivery = {"manifest": whole["manifest"], "courses": later["courses"], "sessions": new, "scores": later["scores"]}

    generation, from_before, everything = loaded(folder, delivery, "correct")

    assert from_before
    assert len(everything["sessions"]) == len(whole["sessions"]) + len(new)
    assert unequal(generation, rebuilt(folder, everything, tmp_path)) == []


@pytest.mark.encryption
def test_so_it_does_in_an_encrypted_store(tmp_path, whole, unequal, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "store"
    chosen = store.choose(folder, "real")
    publish(folder, whole, key=chosen.key)
    records = some_week(whole, 1)
    reference = rebuilt(folder, records, tmp_path)

    generation, from_before, _ = loaded(folder, records)

    assert from_before and generation.manifest["encryption"] == unlocking.described(chosen.key)
    assert b"C000001" not in generation.path.read_bytes()
    assert unequal(generation, reference) == []
    clinics.put_down_keys()


def test_a_large_change_a_new_quarter_and_parameters_anew_are_built_whole(folder, whole, unequal, tmp_path):
    courses = whole["courses"]["course_id"]
    many = whole["scores"]["course_id"].isin(courses.head(int(len(courses) * LARGEST) + 1))
    changed = whole | {"scores": whole["scores"].assign(value=whole["scores"]["value"].where(~many, 0.0))}
    later = whole | {"manifest": whole["manifest"].assign(as_of=whole["manifest"]["as_of"] + pd.Timedelta(days=92))}

    for records, options in ((changed, {}), (whole, {"anew": True}), (later, {})):
        reference = rebuilt(folder, records, tmp_path) if records is changed else None
        generation, from_before, _ = loaded(folder, records, **options)
        assert not from_before
        assert reference is None or unequal(generation, reference) == []


def test_a_later_day_of_the_same_quarter_moves_on_without_a_full_build(folder, whole):
    later = whole | {"manifest": whole["manifest"].assign(as_of=whole["manifest"]["as_of"] + pd.Timedelta(days=7))}

    generation, from_before, _ = loaded(folder, later)

    assert from_before
    with store.DuckDBEngine.open(generation) as engine:
        stated = pd.Timestamp(engine.query("select as_of from manifest")["as_of"].iloc[0])
    assert stated == pd.Timestamp(later["manifest"]["as_of"].iloc[0]) and generation.manifest["as_of"] == str(stated.date())


def test_where_there_is_enough_for_a_parameter_at_last_everything_is_built_whole(tmp_path, unequal):
    few = clinics.counted(*((f"T{n}", 19, 3) for n in range(9)))
    few["courses"].loc[::3, "ending"] = "patient_stopped"
    folder = tmp_path / "store"
    publish(folder, few)
    courses = (
        few["courses"].groupby("therapist_id").head(1).assign(course_id=lambda rows: "n" + rows["course_id"], patient_id=lambda rows: "n" + rows["patient_id"])
    )
    sessions = pd.DataFrame({"course_id": courses["course_id"], "session_number": 1, "attendance": "attended"})
    delivery = {"manifest": few["manifest"], "courses": courses, "sessions": sessions}

    generation, _, everything = loaded(folder, delivery, "add")

    with store.DuckDBEngine.open(generation) as engine:
        assert len(engine.query("select * from clinic_parameters where parameter = 'fair_dropout'"))
    assert unequal(generation, rebuilt(folder, everything, tmp_path)) == []


def test_the_report_of_what_changed_is_kept_with_the_generation(folder, whole):
    generation, _, _ = loaded(folder, whole | {"scores": whole["scores"].iloc[4:]})

    kept = generation.manifest["about"]["changes"]
    assert kept["mode"] == "replace" and {"table": "scores", "added": 0, "corrected": 0, "removed": 4, "unchanged": len(whole["scores"]) - 4} in kept["tables"]
