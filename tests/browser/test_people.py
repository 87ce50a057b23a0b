"""Who sees what: a therapist own courses only, nobody a patient's code, and nobody anything without signing in."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Browser, expect
from tests.browser.dashboard import Dashboard
from tests.browser.serving import Served

from process.pages import NAVIGATION
from process.store import DuckDBEngine

PAGES = ("goals", "alliance", "caseload")
CODE = re.compile(r"(?<![A-Za-z0-9_-])[A-Z][0-9]+(?![A-Za-z0-9_-])")


def everything_sent(page: Dashboard) -> list[str]:
    """Keep all that the server sends to this tab from now on: documents, every message of the websocket, downloads."""
    sent: list[str] = []
    page.page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(frame if isinstance(frame, str) else frame.decode("latin-1")))
    )
    page.page.on("response", lambda answer: sent.append(answer.text()) if answer.request.resource_type == "document" and answer.ok else None)
    return sent


def used(page: Dashboard, *pages: str) -> None:
    """Look at pages the way one does: move the range, open every table and every definition."""
    for name in pages:
        page.open(name)
        page.press("ArrowRight", "Home")
        tables = page.page.get_by_role("button", name="As table").all()
        for button in tables + page.page.get_by_role("button", name="About").all():
            button.press("Enter")  # a pointer can miss what moves down under it while a table opens above
        expect(page.page.get_by_role("table")).to_have_count(len(tables))
        page.page.get_by_role("complementary").get_by_role("button", name="planned", exact=True).click()
        page.settle()
        page.drawn()
    expect(page.page.get_by_role("table").first).to_be_visible()


def test_a_therapist_gets_own_courses_and_no_colleagues_code(sign_in, records: DuckDBEngine):
    own = records.query("select therapist_id, count(*) as courses, sum(so_far) as sessions from course_facts group by therapist_id order by 2 desc, 1").iloc[0]
    others = set(records.query("select distinct therapist_id from courses")["therapist_id"]) - {own["therapist_id"]}
    page = sign_in("therapist")
    sent = everything_sent(page)

    used(page, *PAGES)

    codes = {code for text in [*sent, page.page.content(), page.page.locator("body").aria_snapshot()] for code in CODE.findall(text)}
    assert len(sent) > 50
    assert codes & others == set()
    patients = set(records.query("select patient_id as code from courses union select course_id from courses")["code"])
    assert codes & patients == set()
    page.open("caseload")
    assert f"your {own['courses']:,} courses · {int(own['sessions']):,} attended sessions" in page.summary
    assert f"{own['courses']:,} of {own['courses']:,} courses" in page.counts
    expect(page.page.get_by_role("banner")).to_contain_text("own courses")


def test_a_link_from_a_colleague_shows_a_therapist_own_courses(at, records: DuckDBEngine):
    own = records.query("select therapist_id, team, count(*) as courses from course_facts group by therapist_id, team order by 3 desc, 1").iloc[0]
    other = records.query("select min(team) as team from courses where team <> $team", team=own["team"]).loc[0, "team"]

    page = at("therapist", "caseload", f"basis=so_far&length=0-&therapist=T01&therapist_id=T01&team={other}")

    assert f"your {own['courses']:,} courses" in page.summary
    expect(page.page.get_by_role("alert")).to_contain_text(other)
    assert "T01" not in page.page.locator("main").aria_snapshot()


def test_a_director_sees_every_therapist_and_no_patient(sign_in, records: DuckDBEngine):
    active = records.query(
        "select distinct therapist_id from course_facts where last_week >= (select as_of from manifest) - interval 300 day and start_week is not null"
    )
    page = sign_in("director")
    sent = everything_sent(page)

    used(page, "caseload")

    codes = {code for text in sent for code in CODE.findall(text)}
    therapists = set(records.query("select distinct therapist_id from courses")["therapist_id"])
    named = set(records.query("select therapist_id from course_facts group by therapist_id order by count(*) desc, therapist_id limit 2")["therapist_id"])
    assert set(active["therapist_id"]) - named <= codes & therapists
    assert all(any(name in text for text in sent) for name in ("Tariq", "Tess"))  # the demo's table of people names two, and their names stand for the codes
    patients = set(records.query("select patient_id as code from courses union select course_id from courses")["code"])
    assert codes & patients == set()


def test_signing_out_ends_at_the_door(browser: Browser, demo: Served):
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(demo.links["Tess"])
    expect(tab).to_have_url(re.compile("/alliance$"))
    expect(tab.get_by_role("banner")).to_contain_text("Tess")

    tab.get_by_role("button", name="sign out").click()

    expect(tab.get_by_role("heading")).to_have_text("You are signed out")
    assert context.cookies() == []
    for name in PAGES:
        answer = tab.goto(f"{demo.address}/{name}")
        assert answer.status == 401 and "/sign-in" in tab.url
        expect(tab.get_by_role("heading")).to_have_text("Please sign in")
    context.close()


@pytest.mark.parametrize("key", ["none", "x" * 24, "..%2F", "%3Cscript%3E"])
def test_a_personal_link_that_is_not_valid_lets_nobody_in(browser: Browser, demo: Served, key: str):
    context = browser.new_context()
    tab = context.new_page()

    answer = tab.goto(f"{demo.address}/enter/{key}")

    assert answer.status in (403, 404)
    expect(tab.get_by_role("heading")).to_have_text(re.compile("not valid any more|no such page"))
    assert context.cookies() == []
    assert tab.goto(f"{demo.address}/alliance").status == 401
    context.close()


def test_an_unknown_page_names_the_pages_there_are(browser: Browser, demo: Served):
    context = browser.new_context()
    context.request.get(demo.links["Dora"], max_redirects=0)
    tab = context.new_page()

    for path in ("/aliance", "/goals/extra", "/<script>alert(1)</script>"):
        assert tab.goto(demo.address + path).status == 404
        expect(tab.get_by_role("heading")).to_have_text("There is no such page")
        assert tab.get_by_role("link").all_inner_texts() == list(NAVIGATION.values())
    tab.get_by_role("link", name="Goals").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Do people reach what they came for?")
    context.close()


def test_health_answers_without_signing_in_and_says_nothing_of_the_records(demo: Served):
    with urllib.request.urlopen(f"{demo.address}/health", timeout=10) as answer:
        assert answer.status == 200 and answer.read() == b'{"status": "ok"}'
    for path in ("/goals", "/alliance", "/caseload"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(demo.address + path, timeout=10)
        assert refused.value.code == 401
