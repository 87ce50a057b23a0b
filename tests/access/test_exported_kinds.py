"""What leaves is rounded by what it is, in every measure: percentages are found here by what they are exactly, not by what a definition calls them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from process.access import ANALYST, Clinic, Cohort
from process.access.disclosure import for_export
from process.access.disclosure.kinds import counted, kinds, places, value_column
from process.errors import SettingWrong
from process.measures import catalogue, definition
from process.measures.definition import COARSE_OF, PERCENT_OF, load

COHORTS = (Cohort(), Cohort(basis="so_far", length=(3, 16)))
FIGURES = {"share", "mean", "estimate", "lower", "upper", "df"}
VOICES = catalogue.measure("goal_voices").definition
WINDOW = catalogue.measure("match_window").definition


def left(about, frame: pd.DataFrame) -> pd.DataFrame:
    """Each exact row beside the one that leaves of it: columns as they are and, with `_left`, as they leave; rows that do not leave are not there."""
    frame = frame.reset_index(names="headline") if not set(about.keys) <= set(frame) else frame
    on = ["headline"] if "headline" in frame else list(about.keys)
    out = for_export(frame, about)
    return frame.merge(out, on=on, suffixes=("", "_left"))


@pytest.fixture(scope="module")
def frames(records):
    """The exact tables and headlines of a measure under some cohorts, each beside what leaves of them."""

    @cache
    def of(name: str) -> list[list[pd.DataFrame]]:
        about = catalogue.measure(name).definition
        answers = [Clinic(records, ANALYST).ask(name, cohort) for cohort in COHORTS]
        headlines = [answer.headlines.set_axis([str(each) for each in answer.headlines.index]) for answer in answers]
        return [[left(about, frame) for frame in many] for many in ([answer.table for answer in answers], headlines)]

    return of


def told_apart(about, rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows by what they are a figure of: each headline, each combination of keys that are words; all rows of a table whose keys are words of one kind."""
    by = ["headline"] if "headline" in rows else [key for key in about.keys if key in ("about", "kind", "part")]
    return [of for _, of in rows.groupby(by)] if by else [rows]


def percentages(about, rows: pd.DataFrame) -> set[str]:
    """The counts of which a figure is a whole number in each row: what whoever reads it would divide it by."""
    value = value_column(rows)
    told = {name.removesuffix("_left") for name in rows if name.endswith("_left")}
    counts = told - {*FIGURES, *places(), "withheld", "why"}
    found = set()
    for count in {*counts, *about.counts} & set(rows):
        of = rows[(rows[count] >= 8) & rows[value].notna() & ~rows[value].isin([0.0, 100.0])]
        parts = of[value].to_numpy(dtype=float) * of[count].to_numpy(dtype=float) / 100
        if len(np.unique(of[count])) > 1 and len(np.unique(parts.round(6))) > 1 and (np.abs(parts - np.rint(parts)) < 1e-6).all():
            found.add(count)
    return found


@pytest.mark.parametrize("name", catalogue.names())
def test_each_figure_of_every_measure_leaves_as_what_it_is(frames, name):
    about = catalogue.measure(name).definition
    for many in frames(name):
        rows = pd.concat(many, ignore_index=True)
        for place in (places() - set(about.counts)) & {column.removesuffix("_left") for column in rows if column.endswith("_left")}:
            pd.testing.assert_series_equal(rows[place], rows[f"{place}_left"], check_names=False, check_dtype=False)
        value = value_column(rows)
        if not value or not len(rows):
            continue
        for of in told_apart(about, rows):
            wholes = percentages(about, of)
            shown = of[of[f"{value}_left"].notna()]
            if wholes and not name.startswith("fair_comparison"):
                parts = [shown[f"{value}_left"] * shown[f"{count}_left"] / 500 for count in wholes]
                told_to = [0.05 * shown[f"{count}_left"] / 500 + 1e-6 for count in wholes]  # a percentage is told to a tenth
                assert any((np.abs(part - part.round()) <= near).all() for part, near in zip(parts, told_to, strict=True)), (name, wholes)
        if {"lower_left", "upper_left"} <= set(rows):
            limits = rows[rows["lower"].lt(rows["upper"]) & rows["lower_left"].notna()]
            assert (limits["lower_left"] < limits["upper_left"]).all(), name
            assert (limits["lower_left"] <= limits[f"{value}_left"] + 0.051).all() and (limits[f"{value}_left"] <= limits["upper_left"] + 0.051).all(), name


@pytest.mark.parametrize("name", catalogue.names())
def test_a_headline_that_repeats_a_row_of_the_table_leaves_as_that_row_does(frames, name):
    about = catalogue.measure(name).definition
    tables, headlines = frames(name)
    for table, heads in zip(tables, headlines, strict=True):
        value, said = value_column(table), value_column(heads)
        same = [key for key in about.counts if key in table and key in heads and key != "therapists"]
        if value and said and len(table) and len(heads):
            both = heads[heads[said].gt(0) & heads[f"{said}_left"].notna()].merge(table, left_on=[said, *same], right_on=[value, *same], suffixes=("", "_row"))
            row = f"{value}_left_row" if value == said else f"{value}_left"
            told = both[both[row].notna()]
            assert (told[f"{said}_left"] == told[row]).all(), name


def test_a_difference_of_percentages_is_told_as_coarsely_as_five_courses_make_it():
    about = catalogue.measure("left_after_rupture").definition
    row = {"headline": "difference", "estimate": 11.71, "lower": 6.09, "upper": 17.33, "left": 40, "courses": 60, "therapists": 9, "why": ""}

    for matched, expected in ((508, (12, 6, 18)), (90, (10, 0, 20)), (24, (20, 0, 20)), (2_000, (11.5, 6, 17.5))):
        out = for_export(pd.DataFrame([row | {"matched": matched, "ruptures": 700, "like_sessions": 3000}]), about).iloc[0]
        assert (out["estimate"], out["lower"], out["upper"]) == pytest.approx(expected), matched


def test_the_voices_keep_their_kappa_with_an_interval_and_differences_to_a_tenth_of_a_level():
    rows = pd.DataFrame(
        {
            "headline": ["kappa", "difference", "equal"],
            "estimate": [0.7, -0.0243, 100 * 13 / 40],
            "lower": [0.68, -0.072, 20.0],
            "upper": [0.74, 0.0233, 48.0],
            "why": "",
            "n": 40,
            "courses": 30,
            "therapists": 9,
        }
    )

    out = for_export(rows, VOICES).set_index("headline")

    assert out.loc["kappa", ["estimate", "lower", "upper"]].tolist() == pytest.approx([0.7, 0.6, 0.8])
    assert out.loc["difference", ["estimate", "lower", "upper"]].tolist() == pytest.approx([0, -0.1, 0.1])
    assert out.loc["equal", "estimate"] == 37.5
    assert for_export(rows.assign(n=7), VOICES)[["estimate", "lower", "upper"]].isna().all(axis=None)


def test_a_percentage_of_the_match_window_does_not_pin_its_courses_down():
    """13 of 124 are 10.5 %: with about 15 of about 125 beside it, to half a percent, no other number would do."""
    keys = {"band": "lower", "about": ["decision"] * 3, "what": ["continue", "refer", "none"]}
    rows = pd.DataFrame(keys | {"estimate": [100 * part / 124 for part in (91, 13, 20)], "lower": 5.0, "upper": 20.0, "courses": [91, 13, 20]})

    out = for_export(rows.assign(of_courses=124, therapists=9, why=""), WINDOW)

    assert out["courses"].tolist() == [90, 15, 20] and out["of_courses"].tolist() == [125] * 3
    assert out["estimate"].tolist() == [72.0, 12.0, 16.0]


@pytest.mark.parametrize("name", catalogue.names())
def test_what_a_definition_says_of_its_figures_names_what_is_there(records, name):
    about = catalogue.measure(name).definition
    answer = Clinic(records, ANALYST).ask(name)
    heads = answer.headlines.rename_axis("headline").reset_index()
    known = {"table", "headlines", *map(str, answer.headlines.index)}
    known |= {str(each) for key in about.keys for each in answer.table[key].unique()}
    known |= {" ".join(map(str, each)) for each in answer.table[list(about.keys[:2])].itertuples(index=False, name=None)}
    assert set(about.leaves) <= known
    for frame in (answer.table, heads):
        kind = kinds(frame, about)
        assert all(np.isfinite(counted(kind, frame, what)).sum() == sum(str(each).startswith(what) for each in kind) for what in (PERCENT_OF, COARSE_OF))


def test_a_kind_that_is_none_is_refused(tmp_path):
    source = next(Path(definition.__file__).parent.rglob("dip_rate.toml")).read_text("utf-8")
    path = tmp_path / "dip_rate.toml"
    path.write_text(source.replace('table = "percent of sessions"', 'table = "exact"'), "utf-8")

    with pytest.raises(SettingWrong, match="what leaves as"):
        load(path)
