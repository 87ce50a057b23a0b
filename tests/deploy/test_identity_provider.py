"""Signing in at an identity provider on loopback, behind the shipped nginx and in two processes, with the shipped settings."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.deploy import installed
from tests.deploy.browsing import ORIGIN, Browser
from tests.ports import free_ports
from tests.server.provider import CLIENT, providing

from process.people import table

pytestmark = pytest.mark.timeout(600)  # two processes start before the first of them


@pytest.fixture(scope="module")
def running(with_nginx, tmp_path_factory, store, people):
    folder = tmp_path_factory.mktemp("with-provider")
    at, *ports = free_ports(3)
    with providing(at) as provider:
        issuer = ("https://id.clinic.example/realms/clinic", provider.issuer)
        known = {user: replace(person, password="") for user, person in people.items()}
        settings = installed.etc(folder, "oidc", known, issuer=issuer, client=('client_id = "therapy-process"', f'client_id = "{CLIENT}"'))
        with installed.deployed(store, settings, ports, folder) as front:
            front.provider = provider  # type: ignore[attr-defined]
            yield front


def signed_in(running, user: str) -> Browser:
    """A browser that has been to the provider and back, over whichever process answers."""
    browser, running.provider.user = Browser(running), user
    to_provider = browser.get("/sign-in")
    assert to_provider.status == 302 and to_provider.headers["location"].startswith(running.provider.issuer), to_provider.body
    back = parse_qs(urlsplit(to_provider.headers["location"]).query)["redirect_uri"][0]
    assert back == f"{ORIGIN}/sign-in/back"
    browser.back = browser.get(f"/sign-in/back?{running.provider.answer_to(to_provider.headers['location'])}")  # type: ignore[attr-defined]
    return browser


def on_both(running, user: str) -> list[Browser]:
    """Browsers of that person in both processes."""
    found: dict[int, Browser] = {}
    for _ in range(16):
        browser = signed_in(running, user)
        assert browser.back.status == 302, browser.back.body  # type: ignore[attr-defined]
        before = len(running.upstream("/session"))
        browser.get("/session")
        found.setdefault(running.upstream("/session", before + 1)[-1], browser)
        if len(found) == 2:
            return list(found.values())
    raise AssertionError("every sign-in went to the same process")


def test_two_roles_come_from_the_table_of_people_whatever_the_provider_claims(running):
    pages = {user: signed_in(running, user).get("/caseload").body for user in ("dora", "tess")}

    assert "whole clinic" in pages["dora"] and "own courses" in pages["tess"] and "whole clinic" not in pages["tess"]


def test_somebody_whom_the_provider_knows_and_the_table_does_not_gets_nothing(running):
    browser = signed_in(running, "mallory")

    assert browser.back.status == 403 and browser.get("/caseload").status == 302


def test_the_websocket_opens_and_signing_out_closes_it_and_leads_to_the_provider(running):
    browser = signed_in(running, "tess")
    page = browser.open()

    signed_out = browser.sign_out()

    assert page is not None and page.ended() == 4401 and browser.get("/caseload").status == 302
    assert "/sign-out/provider" in signed_out.body
    away = browser.get("/sign-out/provider")
    assert (
        away.headers["location"].startswith(f"{running.provider.issuer}/end?")
        and urlencode({"post_logout_redirect_uri": f"{ORIGIN}/"}) in away.headers["location"]
    )


def test_a_code_that_another_browser_brought_back_signs_nobody_in(running):
    first = Browser(running).get("/sign-in")
    query = running.provider.answer_to(first.headers["location"])

    assert Browser(running).get(f"/sign-in/back?{query}").status == 403
    assert not re.search(r"[?&]code=", "\n".join(running.lines()))


def test_what_ends_at_the_provider_or_in_the_table_ends_the_open_pages_of_both_processes(running):
    for ending in ("provider", "table"):
        pages = [browser.open() for browser in on_both(running, "tariq")]
        if ending == "provider":
            told = Browser(running).ask("POST", "/sign-out/from-provider", urlencode({"logout_token": running.provider.logout_token(sub="id of tariq")}))
            assert told.status == 200, told.body
        else:
            with table.changing(running.home / "lib" / "people.toml") as found:
                found["tariq"] = replace(found["tariq"], disabled=True)
        assert [page.ended() for page in pages] == [4401, 4401], ending
    assert {line["how"] for line in installed.audited(running.home) if line["kind"] == "signed_in"} == {"oidc"}
