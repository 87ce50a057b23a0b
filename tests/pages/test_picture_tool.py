"""The picture tool of a card: what leaves is noted, a right that has ended leaves nothing, and what the screen shows stays on it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from tests import clinics
from tests.access import logs
from tests.clinics import DIRECTOR

from process.access import Clinic, Cohort, Viewer, audit
from process.errors import NotAllowed
from process.pages import open_page


@pytest.fixture
def kept(tmp_path):
    with logs.keeping(tmp_path):
        yield tmp_path


def files(page, name: str) -> dict:
    """The files that a card offers once its picture tool is open, by name."""
    card = page.cards[name]
    card._picture.tool.value = True
    return {file.filename: file for file in card._picture._files.objects} if card._picture._files.visible else {}


def said(svg: bytes) -> str:
    return " ".join("".join(part.itertext()) for part in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))


@pytest.fixture(scope="module")
def caseload(records):
    """A director's page, and the switch that ends their right."""
    right = {"viewer": DIRECTOR}

    def viewer() -> Viewer:
        if right["viewer"] is None:
            raise NotAllowed("Nobody is signed in. Sign in again.")
        return right["viewer"]

    return open_page("caseload", Clinic(records, viewer), ""), right


def test_a_page_is_sent_without_the_files_and_offers_them_when_asked(caseload):
    page, _ = caseload
    card = page.cards["dropout_definitions"]
    before = len(card.body.objects)

    offered = files(page, "dropout_definitions")

    assert list(offered) == ["dropout_definitions.png", "dropout_definitions.svg"] and len(card.body.objects) == before + 1
    assert "counts to 5" in card._picture._said.text
    card._picture.tool.value = False
    assert not card._picture.pane.visible
    card._picture.tool.value = True
    assert card._picture.pane.visible and len(card.body.objects) == before + 1


def test_each_picture_is_a_line_of_the_audit_log_and_opening_the_tool_is_none(kept, caseload):
    page, _ = caseload
    offered = files(page, "endings")
    audit.flush()
    assert [line for line in logs.read(kept) if line["kind"] == "export"] == []

    for name in offered:
        assert offered[name].callback().getvalue()

    audit.flush()
    exports = [line for line in logs.read(kept) if line["kind"] == "export"]
    assert [(line["form"], line["measure"], line["user"]) for line in exports] == [("png", "endings", "dora"), ("svg", "endings", "dora")]
    assert logs.verified(kept).fault == ""


def test_a_right_that_has_ended_leaves_a_file_that_says_so_and_nothing_else(kept, caseload):
    page, right = caseload
    offered = files(page, "endings")
    question = page.cards["endings"].question
    right["viewer"] = None
    try:
        text = said(offered["endings.svg"].callback().getvalue())
    finally:
        right["viewer"] = DIRECTOR

    assert text == "Nothing was exported. Nobody is signed in. Sign in again." and question not in text
    audit.flush()
    assert [line["kind"] for line in logs.read(kept)].count("export") == 0 and logs.read(kept)[-1]["kind"] == "refused"


def test_another_scope_than_the_page_was_opened_with_leaves_nothing(caseload, busiest):
    page, right = caseload
    offered = files(page, "endings")
    right["viewer"] = Viewer("dora", "therapist", busiest)
    try:
        text = said(offered["endings.svg"].callback().getvalue())
    finally:
        right["viewer"] = DIRECTOR

    assert text.startswith("Nothing was exported. What you may see has changed.")


def test_a_card_that_cannot_be_drawn_from_rounded_figures_says_so_and_points_to_its_table(records):
    page = open_page("comparison", Clinic(records, DIRECTOR), "")

    assert files(page, "fair_comparison_dropout") == {}
    text = page.cards["fair_comparison_dropout"]._picture._said.text
    assert "There is no picture of this figure." in text and "figures that never leave" in text and "CSV" in text


@pytest.mark.parametrize("who", ["therapist", "supervisor"])
def test_the_pictures_of_those_who_see_some_therapists_bear_no_name_and_no_code(records, busiest, who):
    mine = clinics.therapists(records)[:3]
    names = dict.fromkeys(mine, "Tess Made-Up")
    viewer = Viewer("tess", who, busiest, names=names) if who == "therapist" else Viewer("sol", who, supervises=tuple(mine), names=names)
    answer = Clinic(records, viewer).ask("active_courses", Cohort(basis="so_far"))
    page = open_page("caseload", Clinic(records, viewer), "")

    svg = files(page, "active_courses")["active_courses.svg"].callback().getvalue()

    assert answer.stamp.viewer in said(svg) and "generation" in said(svg)
    assert not [code for code in mine if re.search(rf"\b{re.escape(code)}\b", said(svg))] and b"Made-Up" not in svg and b"tess" not in svg


def test_an_open_tool_follows_the_filters(records):
    page = open_page("caseload", Clinic(records, DIRECTOR), "")
    assert files(page, "endings")

    page.cohort.length = (900, 999)

    picture = page.cards["endings"]._picture
    assert not picture._files.visible and "There is no picture" in picture._said.text


def test_the_card_says_which_lengths_leave_before_they_do_and_the_file_says_it_after(records):
    page = open_page("caseload", Clinic(records, DIRECTOR), "")
    card = page.cards["dropout_definitions"]
    assert "Exported" not in card._foot.text

    page.cohort.length = (5, 7)
    offered = files(page, "dropout_definitions")

    told = "Exported for 4 to 8 sessions: the whole band that holds 5 to 7 sessions."
    assert told in card._foot.text and told in card._picture._said.text
    assert "4 to 8 sessions (the whole band that holds 5 to 7 sessions)" in card._export().read()
    assert "(the whole band that holds 5 to 7 sessions)" in said(offered["dropout_definitions.svg"].callback().getvalue())
    page.cohort.length = (4, 8)
    assert "Exported" not in card._foot.text + card._picture._said.text


def test_with_two_filters_there_is_no_file_and_the_card_says_what_to_do(records):
    page = open_page("caseload", Clinic(records, DIRECTOR), "problem=grief&team=north")
    card = page.cards["dropout_definitions"]

    assert files(page, "dropout_definitions") == {}
    for text in (card._picture._said.text, card._foot.text, card._export().read()):
        assert "No export of this figure with these filters." in text and "until one is left" in text
    page.cohort.team = []
    assert card._picture._files.visible and "No export" not in card._foot.text
