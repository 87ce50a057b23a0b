"""The pages without a browser: one state of the filters, and every figure, sentence and count follows it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests import clinics
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Viewer
from process.access.cohort import LONGEST
from process.errors import NotAllowed, QuestionWrong
from process.measures import catalogue
from process.pages import PLANS, figures, open_page
from process.pages.ranges import LengthRange

PAGES = list(PLANS)
THREE = ["goals", "alliance", "caseload"]
"""Where a property is one of every page's own making, three of them are enough: drawing a page's figures takes seconds."""


@pytest.fixture
def director(records):
    return Clinic(records, DIRECTOR)


@pytest.fixture
def counted_queries(records, monkeypatch):
    """The queries that the store was asked since."""
    asked = []
    query = records.engine.query
    monkeypatch.setattr(records.engine, "query", lambda sql, **bound: (asked.append(bound), query(sql, **bound))[1])
    return asked


def drawn_at_once(page) -> list[str]:
    """The cards that are not left until somebody asks for them."""
    return [name for name, card in page.cards.items() if not card.closed]


def sentence(page, name: str) -> str:
    return page.cards[name]._sentence.text


def words(page) -> str:
    return re.sub(r"<[^>]+>", " ", page._summary.text)


def counts(page) -> str:
    return re.sub(r"<[^>]+>", " ", page.filters._counts.text)


def bars(page) -> dict[str, np.ndarray]:
    return dict(page.filters._histogram.sources["bars"].data)


def data(page) -> dict[str, list]:
    """The columns of every figure that is shown."""
    drawn = {name: card._drawing for name, card in page.cards.items() if card._drawing is not None and card._plot.visible}
    return {f"{name} {layer}": [str(value) for value in source.data.values()] for name, drawing in drawn.items() for layer, source in drawing.sources.items()}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["director", "therapist"])
def test_a_page_opens_with_every_one_of_its_cards(records, busiest, name, who):
    viewer = DIRECTOR if who == "director" else Viewer("tess", "therapist", busiest, "Tess")

    page = open_page(name, Clinic(records, viewer), "")

    assert set(page.cards) | {"lengths"} == set(catalogue.names(name)) and list(page.cards) == figures(PLANS[name])
    for measure, card in page.cards.items():
        assert card.closed == (measure in PLANS[name].on_request)
        if card.closed:
            assert sentence(page, measure) == "" and card._drawing is None and card._open.visible
            continue
        assert "<p class=" in sentence(page, measure) and "nan" not in sentence(page, measure).lower().split()
        assert card._drawing is not None or "reason" in sentence(page, measure)
    assert sum(page.cards[measure]._drawing is not None for measure in drawn_at_once(page)) >= len(drawn_at_once(page)) - 3
    assert ("your " in words(page)) == (who == "therapist") and "simulated clinic" in words(page)


def test_an_unknown_page_names_the_nearest(director):
    with pytest.raises(QuestionWrong, match="There is no page `aliance`. Did you mean `alliance`?"):
        open_page("aliance", director, "")


@pytest.mark.parametrize("name", PAGES)
def test_moving_the_range_changes_figures_sentences_and_counts_without_a_query(director, counted_queries, name):
    page = open_page(name, director, "")
    before = {"sentences": {card: sentence(page, card) for card in drawn_at_once(page)}, "words": words(page), "counts": counts(page), "data": data(page)}
    coloured = bars(page)["color"]
    counted_queries.clear()

    page.cohort.length = (4, 14)

    assert counted_queries == []
    assert before["words"] != words(page) and before["counts"] != counts(page) and "4–14 sessions" in counts(page)
    assert (bars(page)["color"] != coloured).any()
    after = data(page)
    for card in drawn_at_once(page):
        too_few_either_way = "reason" in before["sentences"][card] and "reason" in sentence(page, card)
        assert before["sentences"][card] != sentence(page, card) or too_few_either_way
        layers = [layer for layer in before["data"] if layer.startswith(f"{card} ")]
        assert not layers or "reason" in sentence(page, card) or any(before["data"][layer] != after[layer] for layer in layers)


@pytest.mark.parametrize("name", THREE)
def test_another_filter_counts_again_and_going_back_does_not(director, counted_queries, name):
    page = open_page(name, director, "")
    start = words(page)
    counted_queries.clear()

    page.cohort.problem = ["depression"]
    asked = [bound["problems"] for bound in counted_queries if "problems" in bound]  # the clinic-wide parameters know no filter
    assert asked and set(asked) == {"|depression|"}
    assert words(page) != start

    counted_queries.clear()
    page.cohort.problem = []
    assert counted_queries == [] and words(page) == start


def test_a_page_that_was_moved_is_the_page_that_its_link_opens(director):
    moved = open_page("goals", director, "")
    moved.cohort.param.update(length=(9, LONGEST), problem=["depression"], start=("2024-Q1", ""))
    link = moved._settled.value.split("|")[0]

    opened = open_page("goals", director, f"?{link}")

    assert link == "basis=completed&length=9-&problem=depression&from=2024-Q1"
    assert opened._settled.value.split("|")[0] == link
    assert {name: sentence(opened, name) for name in opened.cards} == {name: sentence(moved, name) for name in moved.cards}
    assert data(opened) == data(moved) and counts(opened) == counts(moved)
    assert opened.filters.length.value == moved.filters.length.value == (9, moved.filters.length.limits[1])
    assert opened._alerts.text == ""


def test_a_range_means_the_same_on_the_next_page(director):
    first = open_page("goals", director, "")
    first.cohort.length = (4, 14)

    next_page = open_page("caseload", director, first._settled.value.split("|")[0])

    assert PLANS["goals"].basis != PLANS["caseload"].basis
    assert (next_page.cohort.basis, next_page.cohort.length) == ("completed", (4, 14))
    assert next_page.filters.basis.value == "completed"


@pytest.mark.parametrize("name", THREE)
def test_a_link_with_wrong_values_names_them_and_keeps_the_rest(director, name):
    page = open_page(name, director, "team=atlantis&length=30-9&problem=depression&from=2099-Q1&colour=<script>alert(1)</script>")

    assert page._alerts.text.count("<li>") == 4 and "role='alert'" in page._alerts.text
    assert "atlantis" in page._alerts.text and "30-9" in page._alerts.text and "2099-Q1" in page._alerts.text
    assert "<script" not in page._alerts.text
    assert page.cohort.problem == ["depression"] and page.cohort.team == [] and page.cohort.length is None


def test_moving_a_widget_moves_the_cohort(director):
    page = open_page("goals", director, "")
    whole = page.filters.length.value

    page.filters.length.model.value = (4, 14)
    assert page.cohort.length == (4, 14)
    page.filters.length.model.value = (4, whole[1])
    assert page.cohort.length == (4, LONGEST)
    page.filters.length.model.value = whole
    assert page.cohort.length is None
    page.filters._chosen["problem"].value = ["grief"]
    assert page.cohort.problem == ["grief"]


def test_another_basis_takes_the_range_away(director):
    page = open_page("goals", director, "length=4-14")

    page.filters.basis.value = "so_far"

    assert (page.cohort.basis, page.cohort.length) == ("so_far", None)
    assert page.filters.length.value == page.filters.length.limits


def test_reset_goes_back_to_the_page_as_it_opened(director):
    page = open_page("goals", director, "")
    start = words(page), counts(page), data(page)
    page.cohort.param.update(length=(4, 14), basis="so_far", problem=["grief"])
    chips = [chip.label for chip in page._chips.values() if chip.visible]

    page._reset.clicks += 1

    assert len(chips) == 2 and chips[0].startswith("so far: 4–14 sessions")
    assert (words(page), counts(page), data(page)) == start
    assert not [chip for chip in page._chips.values() if chip.visible]


def test_a_chip_takes_its_filter_away_and_leaves_the_others(director):
    page = open_page("goals", director, "problem=grief&length=4-14")

    page._chips["problem"].clicks += 1

    assert page.cohort.problem == [] and page.cohort.length == (4, 14)


def test_too_few_courses_are_said_and_not_drawn(director):
    page = open_page("alliance", director, "length=900-999")

    for name, card in page.cards.items():
        assert "Too few courses for this figure" in sentence(page, name) and card._drawing is None


def test_a_card_comes_back_when_there_is_something_to_draw_again(director):
    page = open_page("goals", director, "")
    card = page.cards["attainment_curve"]
    page.cohort.length = (900, 999)
    assert not card._plot.visible

    page.cohort.length = None

    assert card._plot.visible and "sentence" in sentence(page, "attainment_curve")


def test_a_director_of_few_courses_reads_no_count(tmp_path):
    records = clinics.opened(tmp_path, clinics.counted(("T1", 3, 3), ("T2", 2, 9)))

    page = open_page("caseload", Clinic(records, DIRECTOR), "")

    assert "too few courses to show" in words(page) and "too few of too few courses" in counts(page)
    assert len(set(bars(page)["top"])) == 1
    records.engine.close()


def test_a_page_tells_somebody_who_lost_access_and_shows_nothing_new(records):
    people = {"dora": DIRECTOR}
    page = open_page("goals", Clinic(records, lambda: people.get("dora")), "")
    before = data(page)
    people.clear()

    page.cohort.length = (4, 14)

    assert "Nobody is signed in" in page._alerts.text and data(page) == before
    with pytest.raises(NotAllowed):
        open_page("goals", page.clinic, "")


def test_the_table_and_the_definition_open_and_follow(director):
    page = open_page("goals", director, "")
    card = page.cards["attainment_curve"]
    card._table.tool.value = True
    card._about.tool.value = True
    table = card._table.pane.object

    page.cohort.length = (4, 14)

    assert card._table.pane.visible and card._about.pane.visible and "What it cannot tell you" in card._about.pane.object
    assert table.startswith("<table>") and card._table.pane.object != table


def test_what_is_downloaded_is_the_exported_answer(director):
    page = open_page("caseload", director, "")

    text = page.cards["endings"]._export().read()

    assert text == director.ask("endings", page.cohort).exported().csv()


def test_every_page_starts_on_a_clinic_that_has_sessions_alone(tmp_path):
    records = clinics.opened(tmp_path, clinics.counted(("T1", 9, 3), ("T2", 9, 3), ending="unknown"))
    for name in PAGES:
        page = open_page(name, Clinic(records, DIRECTOR), "")
        assert page.cohort.basis == "so_far"
        assert "18 courses" in words(page)
        for card in drawn_at_once(page):
            answer = Clinic(records, DIRECTOR).ask(card, page.cohort)
            assert ("To see it, record:" in sentence(page, card)) == bool(answer.missing), card
            assert page.cards[card]._drawing is not None or "reason" in sentence(page, card)
    records.engine.close()


def test_a_figure_that_is_left_until_somebody_asks_is_drawn_then_and_follows_the_range(director):
    page = open_page("goals", director, "")
    card = page.cards[PLANS["goals"].on_request[0]]

    card._open.param.trigger("clicks")

    assert not card.closed and card._drawing is not None and card._open not in card.body.objects and card._tools in card.body.objects
    first = sentence(page, card.name)
    page.cohort.length = (9, 20)
    assert sentence(page, card.name) != first != ""


def test_a_page_says_that_it_has_answered_only_once_every_card_has(director, monkeypatch):
    page = open_page("goals", director, "length=9-30")
    left = []
    monkeypatch.setattr(page, "_follow", lambda move, names: left.append((move, names)))
    told = page._told

    page._start_again()
    page.filters.unchanged()  # a range that the browser moved where it already stands

    assert page._told == told
    while left:
        page._finish(*left.pop())
    assert page._told == told + 1


def test_a_page_can_be_served(records):
    template = open_page("goals", Clinic(records, ANALYST), "").servable()

    assert {"summary", "alerts", "chips", "filters", "attainment_levels", "attainment_curve"} <= set(template._render_items)


def test_a_move_of_the_range_is_heard_at_once_and_placing_it_is_no_move():
    moves = []
    length = LengthRange(0, 60, (0, 60), moves.append, "", [])

    length.model.value = (4.0, 14.000000000000001)  # as a browser sends it
    length.place(0, 45, (4, 14))
    length.place(0, 45, (9, 30))

    assert moves == [(4, 14)]
    assert (length.limits, length.value) == ((0, 45), (9, 30))
