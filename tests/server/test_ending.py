"""Open pages end with their sign-in, also those that only listen: signing out, revocation, another role, time-outs, and from another process."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from tests import clinics
from tests.server.served import free_port, serving
from tests.server.talking import OpenPage

from process.access import Viewer
from process.server import People, ServerSettings
from process.server.ending import SIGNED_OUT
from process.server.sessions import SignIns


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server of a small clinic, with a folder of sessions that another process may share."""
    folder = tmp_path_factory.mktemp("ending")
    records = clinics.opened(folder / "store", clinics.counted(("T1", 10, 4), ("T2", 10, 6)))
    people = People({user: Viewer(user, "director", name=user.title()) for user in ("dora", "dirk", "dina", "dana")})
    settings = ServerSettings(port=free_port(), sessions=folder / "sessions")
    with serving(records, people, settings) as served:
        yield served
    records.engine.close()


@pytest.fixture
def later(small):
    """Set the clock of the table of sign-ins on: `later(minutes)`."""
    yield lambda minutes: setattr(small.gate.table, "_clock", lambda: time.time() + 60 * minutes)
    small.gate.table._clock = time.time


def documents(served) -> int:
    """How many documents the server holds."""
    return len(served.running.server.get_sessions("/caseload"))


def test_signing_out_closes_a_page_that_only_listens_and_lets_go_of_its_document(small):
    cookie = small.signed("dora")
    page, other = OpenPage.open(small, "dora", cookie=cookie), OpenPage.open(small, "dirk")
    before = documents(small)

    assert small.sign_out(cookie).status == 200

    code, seconds = page.ended(within=5)
    assert code == SIGNED_OUT and seconds < 2
    end = time.monotonic() + 5
    while documents(small) >= before and time.monotonic() < end:
        time.sleep(0.05)
    assert documents(small) < before
    other.move(1, 5)  # nobody else's page is touched
    other.close()


@pytest.mark.parametrize("change", ["removed", "another role"])
def test_what_changes_in_the_table_of_people_closes_the_pages_of_that_person(small, change):
    small.people.viewers["temp"] = Viewer("temp", "director", name="Temp")
    page = OpenPage.open(small, "temp")

    if change == "removed":
        del small.people.viewers["temp"]
    else:
        small.people.viewers["temp"] = replace(small.people.viewers["temp"], role="therapist", therapist_id="T1")

    code, seconds = page.ended(within=5)
    assert code == SIGNED_OUT and seconds < 2


def test_a_moved_slider_keeps_a_person_signed_in_and_neither_asking_nor_a_socket_that_answers_pings_does(small, later):
    cookie = small.signed("dana")
    page = OpenPage.open(small, "dana", cookie=cookie)
    key = small.key(cookie)
    seen = small.gate.table.look(key).seen
    later(25)
    page.ping()

    assert json.loads(small.get("/session", cookie).body)["idle"] < 6 * 60
    assert small.gate.table.look(key).seen == seen
    page.move(1, 5)

    assert small.gate.table.look(key).seen > seen + 24 * 60
    later(56)
    code, seconds = page.ended(within=5)
    assert code == SIGNED_OUT and seconds < 2 and small.gate.table.why(key) == "idle"


def test_a_shift_ends_though_the_page_is_used_all_the_time(small, later):
    cookie = small.signed("dina")
    for minutes in range(20, 12 * 60, 20):
        later(minutes)
        small.gate.table.touch(small.key(cookie))
    assert small.get("/session", cookie).status == 200

    later(12 * 60 + 1)

    assert small.get("/session", cookie).status == 401 and small.gate.table.why(small.key(cookie)) == "shift"


def test_an_interaction_is_believed_from_our_own_page_only(small, later):
    cookie, other = small.signed("dana"), small.signed("dirk")
    key = small.key(cookie)
    began = small.gate.table.look(key).seen
    later(20)

    for wrong in ({}, {"X_Signed_In": "x"}, {"X_Signed_In": small.gate.form_token(small.key(other))}):
        assert small.get("/session", cookie, "POST", **wrong).status == 403
    assert small.get("/session", cookie, "POST", X_Signed_In=small.gate.form_token(key), Origin="http://evil.example").status == 403
    assert small.gate.table.look(key).seen == began
    assert small.get("/session", cookie, "POST", X_Signed_In=small.gate.form_token(key)).status == 200
    assert small.gate.table.look(key).seen > began


def test_another_process_that_shares_the_folder_ends_a_page_of_this_one(small):
    cookie = small.signed("dora")
    page = OpenPage.open(small, "dora", cookie=cookie)
    settings = small.gate.table
    another = SignIns(small.running.settings.sessions, idle=settings.idle, shift=settings.shift, most=10)

    assert another.end(small.key(cookie), "sign-out")

    code, seconds = page.ended(within=5)
    assert code == SIGNED_OUT and seconds < 2
    another.close()


def test_no_other_site_signs_somebody_out(small):
    cookie = small.signed("dora")
    token = f"token={small.gate.form_token(small.key(cookie))}"

    assert small.get("/sign-out", cookie).status == 200
    for method, body, headers in (
        ("POST", "", {}),
        ("POST", "token=x", {}),
        ("POST", token, {"Origin": "http://evil.example"}),
        ("POST", token, {"Sec_Fetch_Site": "cross-site"}),
        ("PUT", token, {}),
    ):
        assert small.get("/sign-out", cookie, method, body, **headers).status in (403, 405), (method, body, headers)
    assert small.get("/session", cookie).status == 200
    assert small.get("/sign-out", cookie, "POST", token).status == 200
    assert small.get("/session", cookie).status == 401
