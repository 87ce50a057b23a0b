"""Signing in at a provider that nobody here wrote: a certified one, with the addresses of a Keycloak realm, behind the shipped nginx and settings.

It is an npm package, so that nothing installs it by itself. Where it or Node.js is missing these tests say so and are not run.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest
from tests.deploy import installed
from tests.deploy.browsing import ORIGIN, Browser
from tests.ports import free_ports

PACKAGE = Path(os.environ.get("OIDC_PROVIDER", "")) / "node_modules" / "oidc-provider" / "lib" / "index.js"
MISSING = (
    "a certified provider was NOT tried: it needs Node.js 20 and the npm package oidc-provider. `npm install --prefix FOLDER oidc-provider@9.13.3`, "
    "then name the folder: OIDC_PROVIDER=FOLDER (the provider that this suite wrote for itself was tried)"
)
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("OIDC_PROVIDER") or not PACKAGE.exists() or shutil.which("node") is None, reason=MISSING),
]


@contextmanager
def certified(port: int, secret: str, front: int, trusted: Path, log: Path) -> Iterator[str]:
    """The provider for as long as the block lasts; its issuer."""
    issuer = f"http://127.0.0.1:{port}/realms/clinic"
    command = ["node", str(Path(__file__).with_name("certified_provider.mjs")), str(port), secret, str(front)]
    with open(log, "w") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"PACKAGE": PACKAGE.as_uri(), "NODE_EXTRA_CA_CERTS": str(trusted)})
    try:
        for _ in range(300):
            with suppress(OSError):
                urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5).close()
                break
            assert running.poll() is None, log.read_text()
            time.sleep(0.1)
        yield issuer
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture(scope="module")
def running(with_nginx, tmp_path_factory, store, people):
    folder = tmp_path_factory.mktemp("certified")
    at, *ports = free_ports(3)
    issuer = ("https://id.clinic.example/realms/clinic", f"http://127.0.0.1:{at}/realms/clinic")
    settings = installed.etc(folder, "oidc", {user: replace(person, password="") for user, person in people.items()}, issuer=issuer)
    secret = (folder / "etc" / "client.secret").read_text().strip()
    with installed.deployed(store, settings, ports, folder) as front:
        with certified(at, secret, front.https, front.folder / "tls" / "fullchain.pem", folder / "provider.log") as front.issuer:  # type: ignore[attr-defined]
            yield front


class AtProvider:
    """A browser at the provider's own pages, with the cookies that it sets."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def ask(self, address: str, **form: str) -> tuple[int, str, str]:
        """Status, where to, and body of one request; a form is posted."""
        parts = urlsplit(address)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Content-Type": "application/x-www-form-urlencoded"}
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("POST" if form else "GET", path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        found = answer.status, answer.headers.get("Location", ""), answer.read().decode()
        connection.close()
        return found

    def sign_in(self, address: str, user: str) -> str:
        """Through sign-in and consent, as that user; the query that the browser is sent back with."""
        base = "{0.scheme}://{0.netloc}".format(urlsplit(address))
        for _ in range(12):
            _, to, body = self.ask(address)
            if not to:
                prompt = re.search(r'name="prompt" value="(\w+)"', body)
                assert prompt, body
                _, to, _ = self.ask(address, prompt=prompt[1], **({"login": user, "password": "any"} if prompt[1] == "login" else {}))
            if to.startswith(f"{ORIGIN}/sign-in/back?"):
                return urlsplit(to).query
            address = to if to.startswith("http") else base + to
        raise AssertionError("the provider never sent anybody back")

    def sign_out(self, address: str) -> str:
        """Through the provider's question whether to sign out; where that leads."""
        _, _, body = self.ask(address)
        asked = dict(re.findall(r'name="(\w+)" value="([^"]*)"', body))
        action = re.search(r'action="([^"]+)"', body)
        assert action, body
        return self.ask(action[1], **asked, logout="yes")[1]


def changed(address: str, **arguments: str) -> str:
    """The same address with other arguments."""
    parts = urlsplit(address)
    return parts._replace(query=urlencode({name: values[0] for name, values in parse_qs(parts.query).items()} | arguments)).geturl()


def signed_in(running, user: str) -> tuple[Browser, AtProvider]:
    browser, provider = Browser(running), AtProvider()
    query = provider.sign_in(browser.get("/sign-in").headers["location"], user)
    back = browser.get(f"/sign-in/back?{query}")
    assert back.status == 302, back.body
    return browser, provider


def test_people_sign_in_there_and_their_roles_come_from_the_table(running):
    asked = urlsplit(Browser(running).get("/sign-in").headers["location"])
    pages = {user: signed_in(running, user)[0].get("/caseload").body for user in ("dora", "tess")}

    assert asked.path == "/realms/clinic/protocol/openid-connect/auth" and "code_challenge_method=S256" in asked.query
    assert "whole clinic" in pages["dora"] and "own courses" in pages["tess"] and "whole clinic" not in pages["tess"]


def test_somebody_whom_only_the_provider_knows_gets_nothing(running):
    browser = Browser(running)
    query = AtProvider().sign_in(browser.get("/sign-in").headers["location"], "mallory")

    assert browser.get(f"/sign-in/back?{query}").status == 403 and browser.get("/caseload").status == 302


@pytest.mark.parametrize("wrong", ["nonce", "code_challenge", "client_id", "state"])
def test_a_code_of_another_nonce_verifier_application_or_attempt_signs_nobody_in(running, wrong):
    browser = Browser(running)
    address = browser.get("/sign-in").headers["location"]
    other = "another-application" if wrong == "client_id" else parse_qs(urlsplit(Browser(running).get("/sign-in").headers["location"]).query)[wrong][0]
    query = AtProvider().sign_in(changed(address, **{wrong: other}), "tess")

    assert browser.get(f"/sign-in/back?{query}").status == 403 and browser.get("/caseload").status == 302


def test_a_way_back_that_names_another_provider_signs_nobody_in(running):
    browser = Browser(running)
    query = AtProvider().sign_in(browser.get("/sign-in").headers["location"], "tess")

    assert parse_qs(query)["iss"] == [running.issuer]
    assert browser.get(urlsplit(changed(f"/sign-in/back?{query}", iss="https://id.example/realms/other")).geturl()).status == 403


def test_a_code_counts_once(running):
    browser = Browser(running)
    query = AtProvider().sign_in(browser.get("/sign-in").headers["location"], "tess")
    assert browser.get(f"/sign-in/back?{query}").status == 302

    assert browser.get(f"/sign-in/back?{query}").status == 403


def test_signing_out_there_ends_the_open_page_here(running):
    browser, provider = signed_in(running, "tariq")
    page = browser.open()

    to = provider.sign_out(changed(f"{running.issuer}/protocol/openid-connect/logout", client_id="therapy-process", post_logout_redirect_uri=f"{ORIGIN}/"))

    assert to == f"{ORIGIN}/" and page is not None and page.ended() == 4401 and browser.get("/caseload").status == 302
