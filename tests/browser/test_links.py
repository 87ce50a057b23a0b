"""What is filtered stands in the address: a link brings it back, another page keeps it, a chip or Reset takes it away, a wrong value is named."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from tests.browser.dashboard import Dashboard

PAYLOADS = [
    "<script>window.taken = 1</script>",
    "\"><img src=x onerror='window.taken = 1'>",
    "';window.taken=1;'",
    "{{ window.taken = 1 }}",
    "javascript:window.taken=1",
    "</script><script>window.taken=1</script>",
]


def filters(page: Dashboard) -> dict[str, object]:
    """Where every filter of the page stands, as a person sees it."""
    aside = page.page.get_by_role("complementary")
    return {
        "length": [page.handle(upper).get_attribute("aria-valuenow") for upper in (False, True)],
        "basis": page.page.evaluate("[...Bokeh.documents[0].all_models].find(part => part.type.endsWith('RadioButtonGroup')).active"),
        "checked": [box.locator("xpath=..").inner_text() for box in aside.get_by_role("checkbox", checked=True).all()],
        "start": [aside.get_by_role("combobox", name=name, exact=True).evaluate("box => box.selectedOptions[0].label") for name in ("Started from", "to")],
        "chips": page.page.get_by_role("main").get_by_role("button", name="✕").all_inner_texts(),
        "counts": page.counts,
    }


def filtered(page: Dashboard) -> Dashboard:
    """Every kind of filter set by hand."""
    aside = page.page.get_by_role("complementary")
    aside.get_by_role("button", name="so far").click()
    page.settle()
    for name in ("east", "south", "integrative", "planned ending"):
        aside.get_by_role("checkbox", name=name).check()
        page.settle()
    aside.get_by_role("combobox", name="Started from").select_option(label="2023 Q3")
    page.settle()
    return page.press("PageUp")


def test_a_copied_link_brings_everything_back_and_other_pages_keep_it(at, sign_in):
    page = filtered(at("director", "alliance"))
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.page).to_have_url(re.compile("length="))
    expect(page.page).to_have_url(re.compile("team=east&team=south"))
    page.page.get_by_role("button", name="Copy link").click()
    link = page.page.evaluate("navigator.clipboard.readText()")
    assert link == page.page.url

    fresh = sign_in("director")
    fresh.page.goto(link)
    fresh.settle()

    assert filters(fresh) == filters(page)
    assert len(filters(page)["chips"]) == 5 and filters(page)["start"] == ["2023 Q3", "now"]
    here, there = page.drawn(), fresh.drawn()
    assert {name: card.sentence for name, card in there.items()} == {name: card.sentence for name, card in here.items()}
    shown = [name for name, card in here.items() if card.drawn]
    assert {name: there[name].data for name in shown} == {name: here[name].data for name in shown}

    before = filters(fresh)
    for name in ("Goals", "Caseload", "Alliance"):
        fresh.page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(fresh.page).to_have_url(re.compile(f"/{name.lower()}\\?"))
        fresh.settle()
        assert filters(fresh) == before


def test_a_chip_takes_its_filter_away_and_reset_takes_all(at):
    page = filtered(at("director", "goals"))
    chips = page.page.get_by_role("main").get_by_role("button", name="✕")
    everything = page.counts

    chips.filter(has_text="2 teams").click()
    page.settle()

    expect(chips).to_have_count(4)
    expect(page.page).not_to_have_url(re.compile("team="))
    assert not page.page.get_by_role("checkbox", name="east").is_checked()
    assert page.counts != everything
    page.reset.click()
    page.settle()
    expect(chips).to_have_count(0)
    expect(page.page).to_have_url(re.compile("/goals$"))
    assert page.page.get_by_role("checkbox", checked=True).count() == 0


def test_a_wrong_value_in_a_link_is_named_and_the_rest_is_kept(at):
    page = at("director", "goals", "team=estern&team=south&length=2-40&basis=so_far&moon=full&from=2024-13")

    alert = page.page.get_by_role("alert")

    for named in ("estern", "east", "moon", "2024-13"):
        expect(alert).to_contain_text(named)
    kept = filters(page)
    assert kept["checked"] == ["south"] and kept["length"] == ["2.0", "40.0"] and kept["basis"] == 1
    assert all(card.drawn for card in page.drawn().values())
    page.press("ArrowRight")
    expect(alert).to_have_count(0)
    expect(page.page).to_have_url(re.compile(r"/goals\?basis=so_far&length=3-40&team=south$"))


@pytest.mark.parametrize("query", ["length=99-5", "basis=sofar&length=abc", "from=2025-Q3&to=2024-Q1"])
def test_a_value_that_makes_no_sense_is_named_and_every_card_answers(at, query):
    page = at("director", "caseload", query)

    expect(page.page.get_by_role("alert")).to_contain_text(query.split("=")[1].split("&")[0])
    assert all(card.drawn for card in page.drawn().values())


def test_a_script_in_a_link_never_runs(at):
    quoted = [quote(payload, safe="") for payload in PAYLOADS]
    tried = "&".join(f"{name}={value}" for name in ("team", "length", "basis", "from") for value in quoted) + f"&{quoted[0]}=1#{quoted[1]}"

    page = at("director", "goals", tried)

    assert page.page.evaluate("window.taken") is None
    assert page.page.locator("img[src=x]").count() == 0
    expect(page.page.get_by_role("alert")).to_contain_text("not a team")
    assert all(card.drawn for card in page.drawn().values())
    page.press("ArrowRight", "ArrowLeft")
    assert page.page.evaluate("window.taken") is None
