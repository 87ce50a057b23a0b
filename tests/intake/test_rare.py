"""Rare combinations of attributes: counted by a plain reference, coarsened in a fixed order, and never left with fewer patients than the policy asks for."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from process.contract.policy import Policy
from process.intake.rare import ATTRIBUTES, DROPPED_FIRST, settle_rare

COARSEN = Policy(rare="coarsen")


def courses(*groups: tuple[int, str, str, str, str], each: int = 1) -> pd.DataFrame:
    """Courses of `each` a patient; a group is (patients, team, modality, problem, age band)."""
    rows = []
    for many, *attributes in groups:
        for _ in range(many):
            patient = f"P{len(rows):04}"
            rows += [{"course_id": f"{patient}-{n}", "patient_id": patient, **dict(zip(ATTRIBUTES, attributes, strict=True))} for n in range(each)]
    frame = pd.DataFrame(rows).astype("str")
    return frame.assign(**{name: frame[name].where(frame[name] != "") for name in ATTRIBUTES})


def drawn(seed: int, many: int = 400) -> pd.DataFrame:
    """A clinic whose attributes are as uneven as real ones are, some missing, some patients with several courses."""
    chance = np.random.default_rng(seed)

    def words(values: list[str]) -> pd.Series:
        weights = chance.dirichlet(np.full(len(values), 0.7))
        return pd.Series(chance.choice(values, size=many, p=weights), dtype="str").where(pd.Series(chance.random(many) > 0.1))

    return pd.DataFrame(
        {
            "course_id": [f"C{n}" for n in range(many)],
            "patient_id": [f"P{n}" for n in chance.integers(0, many * 3 // 4, many)],
            "team": words(["north", "south", "east"]),
            "modality": words(["cbt", "systemic", "psychodynamic"]),
            "problem": words(["anxiety", "grief", "eating", "trauma", "sleep"]),
            "age_band": words(["18-24", "25-34", "35-44", "45-54", "75+"]),
            "start_week": pd.Timestamp("2025-01-06") + pd.to_timedelta(7 * chance.integers(0, 60, many), unit="D"),
        }
    )


def sharing(frame: pd.DataFrame, columns: tuple[str, ...] = ATTRIBUTES) -> dict[tuple, set[str]]:
    """Patients by combination, an empty cell being a value: plainly, one row after the other."""
    found = defaultdict(set)
    for row in frame.fillna("").astype("str").to_dict("records"):
        found[tuple(row[name] for name in columns)].add(row["patient_id"])
    return found


@pytest.mark.parametrize("seed", range(12))
def test_after_coarsening_every_combination_has_enough_patients_or_is_empty(seed):
    few = 5 + seed % 3

    settled, account = settle_rare(drawn(seed), Policy(rare="coarsen", smallest_group=few))

    together = sharing(settled)
    assert all(len(patients) >= few for combination, patients in together.items() if any(combination))
    left = int(settled[list(ATTRIBUTES)].isna().all(axis=1).sum()) if len(together.get(("",) * 4, ())) < few else 0
    assert account.left == left and account.courses > 0


@pytest.mark.parametrize("seed", range(4))
def test_the_account_counts_what_a_plain_reference_counts(seed):
    frame = drawn(seed)
    _, account = settle_rare(frame, Policy())
    together = sharing(frame)
    rare = {combination for combination, patients in together.items() if len(patients) < 5 and any(combination)}
    rows = frame.fillna("").astype("str").to_dict("records")
    by_columns: dict[tuple[str, ...], int] = defaultdict(int)
    for row in rows:
        smallest: list[tuple[str, ...]] = []
        for size in range(1, 5):
            for columns in combinations(ATTRIBUTES, size):
                if all(row[name] for name in columns) and not any(set(other) < set(columns) for other in smallest):
                    like = {other["patient_id"] for other in rows if all(other[name] == row[name] for name in columns)}
                    if len(like) < 5:
                        smallest.append(columns)
        for columns in smallest:
            by_columns[columns] += 1

    assert account.combinations == len(rare)
    assert account.courses == sum(tuple(row[name] for name in ATTRIBUTES) in rare for row in rows)
    assert account.by_columns == dict(by_columns)


def test_a_report_leaves_the_courses_as_they_came_and_says_how_many_are_rare():
    frame = courses((20, "north", "cbt", "grief", "25-34"), (3, "north", "cbt", "grief", "75+"))

    settled, account = settle_rare(frame, Policy(rare="report"))

    pd.testing.assert_frame_equal(settled, frame)
    assert (account.courses, account.combinations, account.by_columns, account.emptied) == (3, 1, {("age_band",): 3}, {})
    assert [(note.count, note.what) for note in account.notes()] == [
        (3, "courses whose age_band is shared by fewer than 5 patients"),
        (3, "courses whose attributes together are shared by fewer than 5 patients"),
        (1, "combinations of attributes shared by fewer than 5 patients"),
        (3, "courses whose attributes and quarter of start together are shared by fewer than 5 patients"),
    ]


def test_patients_are_counted_and_not_their_courses():
    frame = courses((20, "north", "cbt", "grief", "25-34"), (4, "south", "cbt", "grief", "25-34"), each=3)

    assert settle_rare(frame, Policy())[1].courses == 12


def test_the_most_revealing_attribute_goes_first_and_only_from_the_rare():
    frame = courses((20, "north", "cbt", "grief", "25-34"), (3, "north", "cbt", "grief", "75+"), (2, "north", "cbt", "grief", "0-11"))

    settled, account = settle_rare(frame, COARSEN)

    assert account.emptied == {"age_band": 5}
    assert settled["age_band"].isna().sum() == 5 and settled["age_band"].dropna().unique().tolist() == ["25-34"]
    assert settled["problem"].tolist() == ["grief"] * 25


def test_attributes_go_in_the_order_that_the_docs_give_until_a_course_is_in_company():
    crowd = (20, "north", "cbt", "grief", "25-34")
    alone = (1, "south", "systemic", "sleep", "75+")

    settled, account = settle_rare(courses(crowd, alone), COARSEN)

    assert DROPPED_FIRST == ("age_band", "problem", "modality", "team")
    assert account.emptied == dict.fromkeys(ATTRIBUTES, 1) and account.left == 1
    assert settled[list(ATTRIBUTES)].iloc[-1].isna().all() and settled[list(ATTRIBUTES)].iloc[:20].notna().all().all()


def test_the_order_of_the_file_does_not_matter():
    frame = drawn(3)
    shuffled = frame.sample(frac=1, random_state=1)

    one, other = settle_rare(frame, COARSEN)[0], settle_rare(shuffled, COARSEN)[0]

    pd.testing.assert_frame_equal(one, other.sort_index())


def test_coded_columns_give_the_same_and_stay_coded():
    frame = drawn(4)
    coded = frame.assign(**{name: frame[name].astype("category") for name in ATTRIBUTES}, patient_id=frame["patient_id"].astype("category"))

    plain, account = settle_rare(frame, COARSEN)
    settled, same = settle_rare(coded, COARSEN)

    assert account == same and isinstance(settled["age_band"].dtype, pd.CategoricalDtype)
    assert settled[list(ATTRIBUTES)].astype("str").fillna("").equals(plain[list(ATTRIBUTES)].astype("str").fillna(""))


def test_courses_without_any_attribute_are_nobodys_rare_combination():
    frame = courses((3, "", "", "", ""))

    for table in (frame, frame.drop(columns=list(ATTRIBUTES))):
        settled, account = settle_rare(table, COARSEN)
        assert settled.equals(table) and account.courses == 0 and not account.emptied


def test_the_start_is_counted_with_the_attributes_whether_it_came_as_week_or_quarter():
    frame = courses((6, "north", "cbt", "grief", "25-34"))
    weeks = frame.assign(start_week=pd.to_datetime(["2025-01-06"] * 5 + ["2025-04-07"]))
    quarters = frame.assign(start_quarter=["2025-Q1"] * 5 + ["2025-Q2"])

    assert [settle_rare(table, Policy())[1].with_start for table in (frame, weeks, quarters)] == [0, 1, 1]


def test_no_note_holds_a_value():
    _, account = settle_rare(drawn(5), COARSEN)
    said = " ".join(note.what for note in account.notes())

    assert len(account.notes()) > 5
    for word in ("north", "south", "cbt", "grief", "anxiety", "75+", "25-34"):
        assert word not in said
