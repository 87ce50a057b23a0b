"""The page on methods: behind the same gate as every page, plain HTML, with this clinic's numbers and none that is about too few people."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from tests import clinics
from tests.server.served import serving

from process.access import Viewer, open_records
from process.measures import catalogue, parameters
from process.pages import NAVIGATION, PLANS
from process.pages.look import SIGNED_IN
from process.server import People
from process.server.headers import CONTENT_SECURITY_POLICY


class Outline(HTMLParser):
    """What a page consists of: ids, links, headings and landmarks."""

    def __init__(self, body):
        super().__init__()
        self.ids, self.links, self.headings, self.tags, self.open = [], [], [], [], []
        self.feed(body)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.headings += [int(tag[1])] if re.fullmatch(r"h[1-6]", tag) else []


@pytest.fixture(scope="module")
def page(served):
    return served.get("/methods", served.signed("dora")).body


def test_somebody_who_is_not_signed_in_is_sent_to_the_sign_in(served):
    for cookie in ("", served.signed("eve"), served.signed("dora", secret="0" * 64)):
        reply = served.get("/methods?length=4-9", cookie)
        assert reply.status == 302 and reply.headers["location"].startswith("/sign-in?next=%2Fmethods")
        assert "version" not in reply.body


def test_every_answer_has_the_headers_of_every_page(served):
    for cookie in ("", served.signed("dora")):
        headers = served.get("/methods", cookie).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY and headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_no_session_can_be_brought_along(served):
    assert served.get("/methods?bokeh-session-id=abc", served.signed("dora")).status == 403


def test_an_address_with_a_slash_too_many_leads_to_the_page(served):
    assert served.get("/methods/", served.signed("dora")).headers["location"] == "/methods"


def test_it_is_plain_html_that_asks_for_nothing_else(page):
    assert page.startswith("<!doctype html>") and "src=" not in page and "@import" not in page
    assert SIGNED_IN in page and page.count("<script") == 2  # what ends the page with the sign-in, and what it needs to know
    assert not re.search(r"\son\w+=", re.sub(r">[^<]*<", "><", page.replace(SIGNED_IN, "")))


def test_every_page_leads_to_it_and_it_leads_to_every_page(served, page):
    assert list(NAVIGATION)[-1] == "methods"
    for name in PLANS:
        assert f'href="/{name}"' in page
    assert 'href="/methods"' in served.get("/caseload", served.signed("dora")).body
    assert 'href="/methods" aria-current=page' in page


def test_its_links_lead_somewhere(page):
    outline = Outline(page)
    inside = [link[1:] for link in outline.links if link.startswith("#")]
    cards = [link for link in outline.links if link.startswith("/") and "#" in link]

    assert len(outline.ids) == len(set(outline.ids)) and set(inside) <= set(outline.ids)
    for name in catalogue.names():
        page_of = catalogue.measure(name).definition.page
        assert page_of == "all" or f"/{page_of}#{name}" in cards
    assert {link.split("#")[0].split("?")[0].strip("/") for link in outline.links if link.startswith("/")} <= {*NAVIGATION}


def test_headings_go_down_one_level_at_a_time_and_landmarks_are_there(page):
    outline = Outline(page)

    assert outline.headings[0] == 1 and outline.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))
    assert {"header", "nav", "main", "aside"} <= set(outline.tags) and "To the text" in page


def test_the_filters_of_the_address_are_kept_and_nothing_else_comes_out_of_it(served):
    cookie = served.signed("dora")

    assert 'href="/alliance?length=4-9&amp;team=north"' in served.get("/methods?length=4-9&team=north", cookie).body
    assert 'href="/alliance?length=4-9#match_window"' in served.get("/methods?length=4-9", cookie).body
    wicked = served.get('/methods?length=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"><b>', cookie).body
    assert wicked.count("<script") == 2 and '"><b>' not in wicked


def test_the_clinics_numbers_are_those_of_its_generation(served, records, page):
    for row in parameters.stored(records.engine.query).to_dict("records"):
        assert f'id="parameter-{row["parameter"]}"' in page
    row = parameters.stored(records.engine.query).set_index(["parameter", "part"]).loc[("within_course_sd", "patient")]
    cells = f"<th scope=row>patient</th><td>{row['value']:.4g}</td><td>{int(row['courses']):,}</td><td>{int(row['therapists'])}</td><td>{row['quarter']}</td>"
    assert cells in page


def test_therapists_read_the_same_but_for_the_clinics_numbers_which_are_coarser(served, page):
    own = served.get("/methods", served.signed("tess")).body

    main, cells = re.compile(r"<main.*</main>", re.DOTALL), re.compile(r"<td>(too few|–|[-\d.,e+]+)</td>")
    assert cells.sub("", main.search(own)[0]) == cells.sub("", main.search(page)[0]) and "own courses" in own
    assert main.search(own)[0] != main.search(page)[0]


def test_a_number_of_too_few_people_is_not_shown_to_anybody(tmp_path):
    records = clinics.demo(courses=60, therapists=12)
    mine = clinics.only(records, records["courses"]["therapist_id"].iloc[0])
    clinics.opened(tmp_path, mine).engine.close()
    opened = open_records(tmp_path)
    rows = parameters.stored(opened.engine.query)
    rows = rows[rows["parameter"] != "benchmark"]
    assert (rows["therapists"] <= 1).all() and len(rows)
    people = People({"dora": Viewer("dora", "director"), "tess": Viewer("tess", "therapist", records["courses"]["therapist_id"].iloc[0])})
    with serving(opened, people) as served:
        for user in ("dora", "tess"):
            body = served.get("/methods", served.signed(user)).body
            assert "<td>too few</td>" in body
            for row in rows.to_dict("records"):
                assert f"<td>{row['value']:.4g}</td><td>" not in body.split('id="clinic-parameters"')[1].split('id="dip-rules"')[0]
    opened.engine.close()
