"""Rows for a director: k is counted from the written files by a plain reader, nothing in them leads back to a code, and the rest of the records is there."""

from __future__ import annotations

import csv
import json
import stat
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from process import cli, store
from process.contract.policy import Policy
from process.contract.tables import TABLES
from process.errors import SettingWrong, StoreProblem
from process.loading import exporting, leaving

ATTRIBUTES = ("team", "modality", "problem", "age_band", "planned_sessions", "start")
WEEK = pd.Timedelta(weeks=1)


def drawn(seed: int) -> dict[str, pd.DataFrame]:
    """A clinic of uneven attributes, patients with several courses, therapists, scores, goals and ruptures."""
    chance = np.random.default_rng(seed)
    many = int(chance.integers(30, 300))
    ids = [f"C{n:05}" for n in range(many)]

    def words(*values: str) -> pd.Series:
        weights = chance.dirichlet(np.full(len(values), 0.8))
        return pd.Series(chance.choice(values, size=many, p=weights), dtype="str").where(pd.Series(chance.random(many) > 0.1))

    starts = pd.Timestamp("2023-01-02") + pd.to_timedelta(7 * chance.integers(0, 150, many), unit="D")
    courses = pd.DataFrame(
        {
            "course_id": ids,
            "patient_id": [f"P{n:05}" for n in chance.integers(0, many * 4 // 5, many)],
            "therapist_id": [f"T{n}" for n in chance.integers(0, 9, many)],
            "team": words("north", "south"),
            "modality": words("cbt", "systemic", "dynamic"),
            "problem": words("anxiety", "grief", "eating", "trauma"),
            "age_band": words("12-17", "18-24", "25-34", "35-44", "65-74", "75+"),
            "planned_sessions": pd.array(chance.choice([10, 20, 30, None], many), dtype="Int64"),
            "start_week": starts,
            "ending": "planned",
        }
    )
    sessions = pd.DataFrame(
        [
            {"course_id": course, "session_number": n, "week": start + (n - 1) * WEEK, "day": 7 * (n - 1) + 2 * (n > 1), "attendance": "attended"}
            for course, start, length in zip(ids, starts, chance.geometric(0.1, many), strict=True)
            for n in range(1, length + 1)
        ]
    )
    scores = sessions[["course_id", "session_number"]].assign(instrument="srs", form="standard", rater="patient", value=chance.uniform(0, 40, len(sessions)))
    goals = pd.DataFrame(
        {"goal_id": [f"G{n}" for n in range(many)], "course_id": ids, "scale": "gas", "set_by": "both", "area": words("work", "family", "body")}
    )
    goals = goals.assign(agreed_session=1, fate="open", replaced_by=[None, "G0"] + [None] * (many - 2))
    ratings = pd.DataFrame({"goal_id": goals["goal_id"], "session_number": 1, "rater": "patient", "level": chance.integers(-2, 3, many)})
    return {
        "manifest": pd.DataFrame({"as_of": [pd.Timestamp("2026-06-01")], "clinic": ["Clinic A"], "source": ["tests"], "origin": ["simulated"]}),
        "courses": courses,
        "sessions": sessions,
        "scores": scores,
        "goals": goals,
        "goal_ratings": ratings,
    }


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with open(folder / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def generation(tmp_path) -> store.Generation:
    """A generation by name, of which only the manifest is needed."""
    manifest = {"clinic": "Clinic A", "source": "tests", "origin": "simulated", "as_of": "2026-06-01", "counts": {}}
    return store.Generation("g000001-abcdef", tmp_path / "store" / "generations" / "g000001-abcdef.duckdb", manifest)


@pytest.mark.parametrize("seed", range(20))
def test_at_least_k_patients_share_every_combination_in_the_written_files(generation, tmp_path, seed):
    records, k, therapists = drawn(seed), 5 + 3 * (seed % 2), seed % 3 == 0

    stamp = exporting.export(generation, records, tmp_path / "out", k, therapists)

    # the patients are found again by what the export leaves as it is: every score of a course, which nobody else has
    patient_of = dict(zip(records["courses"]["course_id"], records["courses"]["patient_id"], strict=True))
    by_scores = {tuple(f"{value!r}" for value in part["value"]): patient_of[course] for course, part in records["scores"].groupby("course_id")}
    written = defaultdict(list)
    for row in rows(tmp_path / "out", "scores"):
        written[row["course"]].append(repr(float(row["value"])))
    sharing = defaultdict(set)
    for row in rows(tmp_path / "out", "courses"):
        sharing[tuple(row[name] for name in (*ATTRIBUTES, "therapist") if name in row)].add(by_scores[tuple(written[row["course"]])])
    smallest = min((len(patients) for patients in sharing.values()), default=None)
    assert smallest is None or smallest >= k
    assert (stamp["k_reached"], stamp["k_asked"]) == (smallest, k)
    assert ("therapist" in rows(tmp_path / "out", "courses")[0]) == therapists


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_those_of_the_records_but_for_what_is_said_to_be_left_out(seed):
    records = drawn(seed)

    left = leaving.leaving(records, 5, seed=seed)

    out, total = sum(left.left_out.values()), len(records["courses"])
    assert len(left.tables["courses"]) == total - out and 0 < out < total / 4
    course_of = {tuple(part["value"]): course for course, part in records["scores"].groupby("course_id")}
    found = {number: course_of[tuple(part["value"])] for number, part in left.tables["scores"].groupby("course")}
    assert sorted(found) == list(range(1, total - out + 1))
    for name in ("sessions", "scores", "goals"):
        assert left.tables[name]["course"].map(found).value_counts().to_dict() == {
            course: count for course, count in records[name]["course_id"].value_counts().items() if course in found.values()
        }
    before = records["courses"].set_index("course_id")
    for row in left.tables["courses"].to_dict("records"):
        was = before.loc[found[row["course"]]]
        quarter = f"{was['start_week'].year}-Q{was['start_week'].quarter}"
        assert row["start"] in (quarter, quarter[:4], "")
        assert row["problem"] in (was["problem"], "") and row["team"] in (was["team"], "") and row["ending"] == "planned"
        assert row["age_band"] in ("", was["age_band"]) or row["age_band"] == {"12-17": "under 18", "65-74": "65+", "75+": "65+"}.get(was["age_band"], "18-64")


def test_no_code_week_or_day_of_the_store_is_in_any_file(generation, tmp_path):
    records = drawn(1)

    exporting.export(generation, records, tmp_path / "out", 5, therapists=True)

    text = "\n".join(path.read_text() for path in (tmp_path / "out").iterdir() if path.suffix == ".csv")
    for name, column in (("courses", "course_id"), ("courses", "patient_id"), ("courses", "therapist_id"), ("goals", "goal_id")):
        cells = {cell for line in text.splitlines() for cell in line.split(",")}
        assert not cells & set(records[name][column])
    assert not {str(week.date()) for week in records["sessions"]["week"]} & {cell for line in text.splitlines() for cell in line.split(",")}
    header = {cell for path in (tmp_path / "out").glob("*.csv") for cell in path.read_text().splitlines()[0].split(",")}
    assert not header & {"course_id", "patient_id", "therapist_id", "week", "day", "last_contact_week", "start_week"}
    assert {row["weeks_since_start"] for row in rows(tmp_path / "out", "sessions") if row["session_number"] == "3"} == {"2"}  # day 16 is in week 2


def test_numbers_are_fresh_each_time_and_keep_what_belongs_together():
    records = drawn(2)

    one, other = leaving.leaving(records, 5), leaving.leaving(records, 5)

    assert one.people != other.people
    for left in (one, other):
        course_of_goal = dict(zip(left.tables["goals"]["goal"], left.tables["goals"]["course"], strict=True))
        assert set(left.tables["goal_ratings"]["goal"]) == set(course_of_goal)
        successors = left.tables["goals"]["replaced_by"].dropna()
        assert set(successors) <= set(course_of_goal) and len(successors) <= 1


def test_courses_longer_than_k_patients_ever_had_are_left_out():
    records = drawn(3)
    longest = records["sessions"].groupby("course_id")["session_number"].max()
    patient_of = records["courses"].set_index("course_id")["patient_id"]
    fifth = longest.groupby(patient_of).max().nlargest(5).iloc[-1]

    left = leaving.leaving(records, 5, seed=1)

    assert left.tables["sessions"]["session_number"].max() <= fifth
    assert left.left_out["more sessions than 5 patients had"] == int((longest > fifth).sum())


def test_words_and_questionnaires_of_few_patients_do_not_leave():
    records = drawn(4)
    goals, scores = records["goals"], records["scores"]
    records["goals"] = goals.assign(area=goals["area"].where(goals.index > 2, "falconry"))
    records["scores"] = scores.assign(instrument=scores["instrument"].where(scores["course_id"] != "C00000", "rare_one"))

    left = leaving.leaving(records, 5, seed=1)

    assert "falconry" not in set(left.tables["goals"]["area"]) and {"work", "family"} & set(left.tables["goals"]["area"])
    assert set(left.tables["scores"]["instrument"]) == {"srs"}


def test_a_clinic_of_four_patients_exports_no_course_and_says_so(generation, tmp_path):
    records = drawn(5)
    few = records["courses"].drop_duplicates("patient_id").head(4)
    records = {name: frame[frame["course_id"].isin(few["course_id"])] if "course_id" in frame else frame for name, frame in records.items()}

    stamp = exporting.export(generation, records, tmp_path / "out", 5)

    assert stamp["rows"]["courses"] == stamp["rows"]["sessions"] == 0 and stamp["k_reached"] is None
    assert list(stamp["courses_left_out"].values()) == ["fewer than 5"]


def test_a_text_that_a_spreadsheet_would_run_is_quoted_and_a_negative_level_stays_a_number(generation, tmp_path):
    records = drawn(6)
    records["courses"] = records["courses"].assign(team="=1+1")

    exporting.export(generation, records, tmp_path / "out", 5)

    assert {row["team"] for row in rows(tmp_path / "out", "courses")} <= {"'=1+1", ""}
    assert "-2" in {row["level"] for row in rows(tmp_path / "out", "goal_ratings")}


def test_a_writer_that_lets_a_rare_row_through_is_caught_and_its_files_are_gone(generation, tmp_path, monkeypatch):
    records = drawn(7)
    monkeypatch.setattr(leaving, "generalised", lambda cells, *rest: cells)
    monkeypatch.setattr(leaving, "shared_by", lambda cells, patients: np.full(len(cells), 99))

    with pytest.raises(AssertionError, match="patients share"):
        exporting.export(generation, records, tmp_path / "out", 5)

    assert list((tmp_path / "out").iterdir()) == []


def test_k_is_never_under_five_and_a_folder_in_use_is_left_alone(generation, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "letter.txt").write_text("mine")

    with pytest.raises(SettingWrong, match="at least 5 patients"):
        exporting.export(generation, drawn(8), tmp_path / "out", 4)
    with pytest.raises(StoreProblem, match="not an empty folder"):
        exporting.export(generation, drawn(8), tmp_path / "used", 5)
    with pytest.raises(StoreProblem, match="inside the store"):
        exporting.export(generation, drawn(8), tmp_path / "store" / "rows", 5)

    assert not (tmp_path / "out").exists() and [path.name for path in (tmp_path / "used").iterdir()] == ["letter.txt"]


def test_the_command_exports_the_served_generation_with_the_policys_smallest_group(folder, tmp_path, monkeypatch, capsys):
    (folder / "policy.toml").write_text(Policy(smallest_group=8).as_toml())
    before = store.current(folder)
    monkeypatch.setattr(sys, "argv", ["therapy-process", "export", str(folder), str(tmp_path / "out")])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    said = " ".join(capsys.readouterr().out.split())
    stamp = json.loads((tmp_path / "out" / exporting.STAMP).read_text())
    assert not ended.value.code and "8 patients share the rarest combination" in said and "personal data still" in said
    assert (stamp["k_asked"], stamp["generation"]) == (8, before.name) and stamp["k_reached"] >= 8
    assert stamp["rows"]["courses"] == len(rows(tmp_path / "out", "courses")) <= before.manifest["counts"]["courses"]
    assert {path.stem for path in (tmp_path / "out").glob("*.csv")} == set(TABLES) - {"manifest"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert [(line["what"], line["outcome"]) for line in lines][-2:] == [("export", "begun"), ("export", "done")]
    assert store.current(folder) == before
