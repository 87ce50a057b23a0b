"""In a real browser: markup in values runs on a stock page and on none of ours; and what a page does when its sign-in ends."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect
from tests import clinics
from tests.attacks.conftest import stock_server
from tests.attacks.stock import MARK, SHOWS
from tests.browser.dashboard import POLLING
from tests.browser.signing_in import PATIENCE
from tests.ports import free_port
from tests.server.served import serving

from process.access import Viewer
from process.server import People, ServerSettings

MARKED = "marked"


@pytest.fixture(scope="module")
def stock():
    yield from stock_server()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A clinic into whose every text markup has found its way, past intake and the table of people, which both refuse it."""
    told = clinics.counted(("T1", 12, 4), ("T2", 11, 6))
    told["courses"]["team"] = MARK
    told["manifest"]["clinic"] = told["manifest"]["source"] = MARK
    records = clinics.opened(tmp_path_factory.mktemp("marked") / "store", told)
    people = People({"dora": Viewer("dora", "director", name=MARK), "dirk": Viewer("dirk", "director", name="Dirk")})
    with serving(records, people, ServerSettings(port=free_port())) as served:
        yield served
    records.engine.close()


def opened(browser: Browser, served, user: str, path: str):
    """A page of that person in a context of its own."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    tab.goto(f"http://127.0.0.1:{served.port}/enter/{served.links.keys[user]}")
    tab.goto(f"http://127.0.0.1:{served.port}{path}")
    return context, tab


def title_after(tab, within: float = 4_000) -> str:
    """The page's title once the marker has had time to set it."""
    try:
        tab.wait_for_function("document.title === 'marked'", timeout=within, polling=POLLING)
    except Exception:  # it did not: that is what most of these tests hope for
        pass
    return tab.title()


@pytest.fixture(scope="module")
def stock_with_policy():
    """The same, with our Content-Security-Policy as its only difference."""
    yield from stock_server("policy")


def ran(browser: Browser, stock) -> dict[str, bool]:
    """Of each way to show the markup whether it ran as script, once the page was drawn. One context for all: libraries are fetched and compiled once."""
    context = browser.new_context()
    context.add_cookies([{"name": "user", "value": stock.sign_in("ann").split("=", 1)[1], "url": f"http://127.0.0.1:{stock.port}"}])
    tab, found = context.new_page(), {}
    for name in SHOWS:
        tab.goto(f"http://127.0.0.1:{stock.port}/show-{name}")
        drawn = "window.Bokeh && Bokeh.documents.some(each => each.roots().length && each.is_idle)"
        tab.wait_for_function(drawn, timeout=PATIENCE, polling=POLLING)
        found[name] = title_after(tab, within=3_000) == MARKED
    context.close()
    return found


def test_on_a_stock_page_a_value_runs_as_script(browser: Browser, stock):
    found = ran(browser, stock)

    assert found["html"] and found["markdown"] and sum(found.values()) >= 4, found


def test_our_policy_alone_stops_every_one_of_them(browser: Browser, stock_with_policy):
    assert ran(browser, stock_with_policy) == dict.fromkeys(SHOWS, False)


@pytest.mark.parametrize("path", ["/caseload", f"/caseload?team={quote(MARK)}&start={quote(MARK)}", f"/goals?basis={quote(MARK)}&length={quote(MARK)}"])
def test_no_value_and_no_address_runs_as_script_on_our_pages(browser: Browser, served, path):
    context, tab = opened(browser, served, "dora", path)
    tab.wait_for_selector("body.drawn")

    assert title_after(tab, within=2_000) != MARKED
    assert tab.locator("header .person img").count() == 0 and "onerror" in tab.locator("header .person").inner_text()
    context.close()


def test_a_page_takes_its_figures_away_when_its_sign_in_ends_and_says_why(browser: Browser, served):
    context, tab = opened(browser, served, "dirk", "/caseload")
    tab.wait_for_selector("body.drawn")
    expect(tab.locator("main")).to_contain_text("courses")
    cookie = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == served.cookie_name)

    served.gate.end(served.key(f"{served.cookie_name}={cookie}"), "revoked")

    expect(tab.locator("h1")).to_have_text("You were signed out")
    expect(tab.get_by_role("status")).to_contain_text("your access has ended")
    assert tab.evaluate("[document.querySelectorAll('canvas, aside, nav, [data-root-id]').length, Bokeh.documents.length]") == [0, 0]
    assert "23 courses" not in tab.content()
    context.close()


def test_signing_out_in_one_tab_ends_the_other(browser: Browser, served):
    context, tab = opened(browser, served, "dirk", "/caseload")
    tab.wait_for_selector("body.drawn")
    other = context.new_page()
    other.goto(f"http://127.0.0.1:{served.port}/caseload")
    other.wait_for_selector("body.drawn")

    other.get_by_role("button", name="sign out").click()

    expect(other.get_by_role("heading")).to_have_text("You are signed out")
    expect(tab.locator("h1")).to_have_text("You were signed out")
    other.go_back()
    expect(other.get_by_role("heading")).to_have_text("Please sign in")
    context.close()


def test_a_page_warns_and_staying_is_one_click(browser: Browser, served):
    context, tab = opened(browser, served, "dirk", "/caseload")
    tab.wait_for_selector("body.drawn")
    expect(tab.get_by_role("alert").filter(has_text="signed out")).to_have_count(0)
    cookie = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == served.cookie_name)
    key = served.key(f"{served.cookie_name}={cookie}")
    tab.evaluate("const now = Date.now; Date.now = () => now() + 28 * 60000")  # the page's clock is set on; the server's, too
    served.gate.table._ask("update signed_in set seen = seen - 1680 where key = ?", key)

    expect(tab.locator("#signing-out")).to_contain_text("You will be signed out in")
    seen = served.gate.table.look(key).seen
    tab.get_by_role("button", name="Stay signed in").click()

    expect(tab.locator("#signing-out")).to_be_hidden()
    assert served.gate.table.look(key).seen > seen + 1600
    context.close()
