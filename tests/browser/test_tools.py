"""What a card offers beside its figure: the same numbers as a table, what the measure means, and a file to take home."""

from __future__ import annotations

import csv
import datetime
import math
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.dashboard import Dashboard, Shown

from process.measures import catalogue

MEASURES = [
    ("goals", "attainment_levels"),
    ("goals", "attainment_curve"),
    ("alliance", "alliance_by_session"),
    ("alliance", "alliance_after_rupture"),
    ("alliance", "rupture_against_like_sessions"),
    ("alliance", "repaired_against_not_yet"),
    ("alliance", "repair_by_length"),
    ("caseload", "active_courses"),
    ("caseload", "therapy_lengths"),
    ("caseload", "endings"),
]
"""One card of every kind of figure; what the others draw is held against their answers in tests/charts."""
EACH = pytest.mark.parametrize(("name", "measure"), MEASURES, ids=[measure for _, measure in MEASURES])
LEAST_DRAWN = 5
"""A mean of fewer courses stands in the table and is not drawn."""


def table(page: Dashboard, measure: str) -> list[dict[str, str]]:
    """The card's table as rows by column title."""
    cells = page.card(measure).get_by_role("table").evaluate("table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))")
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


def number(cell: str) -> float:
    """A cell's number; missing for a cell that holds none."""
    try:
        return float(cell.replace(",", "").replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return math.nan


def told(rows: list[dict[str, str]], at: str, value: str) -> Counter:
    """The marks that a table's rows stand for: place and value to one decimal."""
    shown = [row for row in rows if not math.isnan(number(row[value])) and not number(row.get("courses", "99")) < LEAST_DRAWN]
    return Counter((number(row[at]), round(number(row[value]), 1)) for row in shown)


def marks(card: Shown) -> Counter:
    """The marks of a curve: place and value to one decimal."""
    points = card.layer("x", "y")
    return Counter((x, round(y, 1)) for x, y in zip(points["x"], points["y"], strict=True) if math.isfinite(y))


def boxes(card: Shown) -> list[tuple[float, float, str]]:
    """The boxes of a figure: middle, height, and what the pointer reads."""
    layer = card.layer("left", "top")
    return [
        ((left + right) / 2, top - bottom, tip)
        for left, right, bottom, top, tip in zip(*(layer[side] for side in ("left", "right", "bottom", "top", "tip")), strict=True)
        if math.isfinite(left)
    ]


def close(left: Counter, right: Counter) -> bool:
    """The same marks, a last digit aside that two ways of rounding may turn."""
    one, other = sorted(left.elements()), sorted(right.elements())
    return len(one) == len(other) and all(a[0] == b[0] and abs(a[1] - b[1]) < 0.11 for a, b in zip(one, other, strict=True))


def agrees(card: Shown, rows: list[dict[str, str]]) -> bool:
    """Whether a figure is drawn from the numbers of its table."""
    if card.name == "active_courses":
        drawn = {}
        for _, _, tip in boxes(card):
            who, week, count = re.fullmatch(r"(?:(.+), )?week of (\d+ \w+ \d+): ([\d,]+) active courses?", tip).groups()
            drawn[who or "all", datetime.datetime.strptime(week, "%d %b %Y").strftime("%Y-%m-%d")] = number(count)
        apart = [row for row in rows if row["therapist"] != "all"]  # a filter would single courses out: then there is the whole alone
        listed = {(row["therapist"], row["week of"]): number(row["active courses"]) for row in apart or rows}
        return drawn == {mark: count for mark, count in listed.items() if count > 0} and len(drawn) > 40
    if card.name == "attainment_levels":
        return close(Counter((at, round(height, 1)) for at, height, _ in boxes(card)), told(rows, "session", "%"))
    if card.name == "therapy_lengths":
        drawn = Counter((at, height) for at, height, tip in boxes(card) if "not shown" not in tip)
        return close(drawn, Counter((number(row["sessions"]), number(row["courses"])) for row in rows if not math.isnan(number(row["courses"]))))
    if card.name == "endings":
        points = card.layer("x", "y")
        return close(Counter((0.0, round(x, 1)) for x in points["x"]), Counter((0.0, number(row["%"])) for row in rows if not math.isnan(number(row["%"]))))
    if card.name == "repair_by_length":
        points = card.layer("x", "y")
        return close(
            Counter((0.0, round(y, 1)) for y in points["y"]), Counter((0.0, value) for row in rows if not math.isnan(value := number(row["difference"])))
        )
    return close(marks(card), told(rows, next(iter(at for at in ("session", "sessions from rupture") if at in rows[0])), "%" if "%" in rows[0] else "mean"))


@EACH
def test_as_table_shows_the_numbers_the_figure_is_drawn_from(at, name, measure):
    page = at("director", name)
    toggle = page.card(measure).get_by_role("button", name="As table")
    expect(page.card(measure).get_by_role("table")).to_have_count(0)

    toggle.click()

    expect(page.card(measure).get_by_role("table")).to_be_visible()
    assert agrees(page.drawn()[measure], table(page, measure))
    every = len(table(page, measure))
    page.press("PageUp")
    assert agrees(page.drawn()[measure], table(page, measure)), "the table did not follow the range"
    assert every and "sessions and more" in page.card(measure).get_by_role("table").inner_text()
    toggle.click()
    expect(page.card(measure).get_by_role("table")).to_have_count(0)


@EACH
def test_about_gives_the_reviewed_definition_and_the_query(at, name, measure):
    page = at("director", name)
    definition = catalogue.measure(measure).definition
    toggle = page.card(measure).get_by_role("button", name="About")

    toggle.click()

    card = page.card(measure)
    expect(card.get_by_role("heading", name="What it cannot tell you")).to_be_visible()
    for text in (definition.what, definition.why, definition.cannot_tell, f"{definition.reviewed:%d %B %Y}"):
        expect(card).to_contain_text(" ".join(text.split()))
    card.get_by_text("The query").click()
    expect(card.get_by_text(re.compile(r"\bselect\b")).first).to_be_visible()
    toggle.click()
    expect(card.get_by_role("heading", name="What it cannot tell you")).to_have_count(0)


@EACH
def test_csv_gives_a_stamped_and_rounded_file(at, name, measure):
    page = at("director", name).press("PageUp")
    definition = catalogue.measure(measure).definition

    with page.page.expect_download() as started:
        page.card(measure).get_by_text("CSV").click()

    assert started.value.suggested_filename == f"{measure}.csv"
    lines = Path(started.value.path()).read_text("utf-8").splitlines()
    stamp = [line for line in lines if line.startswith("#")]
    assert definition.title in stamp[0] and "simulated" in stamp[1] and "data as of 2026-11-16" in stamp[1] and "sessions and more" in stamp[1]
    rows = list(csv.DictReader(lines[len(stamp) :]))
    assert len(rows) > 2 and set(definition.keys) <= set(rows[0])
    for row in rows:
        for column in ("courses", *(count for count in definition.counts if count != "therapists")):
            assert row[column] == "withheld" or (int(row[column]) % 5 == 0 and (int(row[column]) >= 8 or int(row[column]) == 0)), (column, row)
        for column in {"mean", "lower", "upper"} & set(row) if definition.unit != "percent" else ():
            assert row[column] in ("", "withheld") or float(row[column]) * 2 == int(float(row[column]) * 2), (column, row)
