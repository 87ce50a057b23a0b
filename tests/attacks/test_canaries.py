"""Nothing of anybody else in what a page is sent: the whole document and every change of it, while filters move and addresses are made up."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import pytest
from bokeh.core.json_encoder import serialize_json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import clinics
from tests.ports import free_port
from tests.server.served import serving
from tests.server.talking import OpenPage

from process.access import Viewer
from process.server import People, ServerSettings

OWN, OTHER = "Canary-own", "Canary-other"
TEAM = "Team-of-the-other"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Two therapists of whom every text says whose it is, in teams of their own."""
    told = clinics.counted((OWN, 12, 4), (OTHER, 17, 7))
    whose = told["courses"]["therapist_id"]
    told["courses"]["team"] = whose.map({OWN: "Team-own", OTHER: TEAM})
    records = clinics.opened(tmp_path_factory.mktemp("canaries") / "store", told)
    people = People({"tess": Viewer("tess", "therapist", OWN, "Tess"), "dora": Viewer("dora", "director", name="Dora")})
    with serving(records, people, ServerSettings(port=free_port())) as served:
        served.codes = set(told["courses"]["course_id"]) | set(told["courses"]["patient_id"])
        yield served
    records.engine.close()


def said(page: OpenPage) -> str:
    """Everything a page holds, what it hides and what a figure carries along included."""
    return serialize_json(page.document.to_json())


def leaked(served, text: str) -> set[str]:
    """Codes of anybody else, and of any course, in a text."""
    return {code for code in (OTHER, TEAM, *served.codes) if re.search(rf"(?<![A-Za-z0-9-]){re.escape(code)}(?![A-Za-z0-9-])", text)}


def test_the_canary_is_seen_where_it_may_be_seen(served):
    page = OpenPage.open(served, "dora")

    assert TEAM in said(page)
    page.close()


@pytest.mark.parametrize("name", ["caseload", "comparison"])
def test_a_therapists_page_holds_nobody_elses_codes_while_its_range_moves(served, name):
    cookie = served.signed("tess")
    assert leaked(served, served.get(f"/{name}", cookie).body) == set()
    page = OpenPage.open(served, "tess", name, cookie=cookie)
    found = leaked(served, said(page))
    if name == "caseload":
        page.move(2, 8)
        found |= leaked(served, said(page))
    page.close()

    assert found == set()


MADE_UP = st.dictionaries(
    st.sampled_from(["team", "therapist", "therapist_id", "user", "role", "scope", "basis", "length", "start", "bokeh", "viewer"]),
    st.sampled_from([OTHER, TEAM, "dora", "director", "so_far", "0-99", "-1", "' or 1=1 --", "%00", "<script>", "x" * 500]) | st.text(max_size=20),
    min_size=1,
    max_size=4,
)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=MADE_UP)
def test_no_address_shows_a_therapist_anybody_elses_courses(served, asked):
    address = "/caseload?" + urlencode(asked, errors="ignore")
    cookie = served.signed("tess")
    served.gate.tickets._tickets.clear()

    reply = served.get(address, cookie)

    assert reply.status == 200 and OTHER not in reply.body.replace(json.dumps(asked), "") and "own courses" in reply.body
