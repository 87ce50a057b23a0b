"""The browser, two real servers, and people who are signed in. One browser and one server serve every test; each person has one context."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from tests.browser.dashboard import READING, Dashboard
from tests.browser.serving import Served, command, start

from process.store import DuckDBEngine, current

ROOT = Path(__file__).parents[2]
PEOPLE = {"director": "Dora", "therapist": "Tariq"}
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SWITCHES += ["--disable-component-update", "--disable-sync"]
DESK = {"width": 1440, "height": 1000}

expect.set_options(timeout=15_000)


@dataclass
class Watch:
    """What must not happen while a page is used: a warning in the console, a request to another host, a response that is an error."""

    address: str
    troubles: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch every tab of a context."""
        context.on("console", lambda line: self._note(line.type in ("warning", "error"), f"console {line.type}: {line.text}"))
        context.on("weberror", lambda error: self._note(True, f"uncaught: {error.error} {getattr(error.error, 'stack', '')[:600]}"))
        context.on("request", lambda request: self._note(not self._ours(request.url), f"request to another host: {request.url}"))
        context.on("response", lambda response: self._note(response.status >= 400, f"{response.status}: {response.url}"))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note(not self._ours(socket.url), f"socket to another host: {socket.url}")))

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.troubles.append(what)

    def _ours(self, url: str) -> bool:
        return urlsplit(url).scheme in ("data", "blob", "about") or urlsplit(url).netloc == urlsplit(self.address).netloc


_watches: list[Watch] = []


@pytest.fixture(autouse=True)
def nothing_goes_wrong() -> Iterator[None]:
    """Whatever a test does: its pages end without a warning in the console, a request to another host, or an error."""
    for watch in _watches:
        watch.troubles.clear()
    yield
    troubles = [trouble for watch in _watches for trouble in watch.troubles]
    assert not troubles, "\n".join(troubles)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = subprocess.run(["sh", ROOT / "tools" / "browser.sh"], capture_output=True, text=True)
    if found.returncode:
        pytest.fail(f"These tests need a browser, and are never left out in silence.\n{found.stderr}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), headless=True, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo clinic at its default settings, made and served by `therapy-process demo`."""
    folder = tmp_path_factory.mktemp("demo")
    served = start(folder, 3, "demo", "--no-browser", "--store", folder / "store", store=folder / "store")
    yield served
    served.stop()


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Served]:
    """The real survey, loaded by `therapy-process intake` and served by `therapy-process serve`; neither alliance nor goals are in it."""
    folder = tmp_path_factory.mktemp("survey")
    loaded = subprocess.run(
        command("intake", folder / "store", shared_data / "SessionSurvey.csv", "--mapping", "session_survey"), capture_output=True, text=True, cwd=folder
    )
    assert loaded.returncode == 0, loaded.stderr
    served = start(folder, 1, "serve", folder / "store", store=folder / "store")
    yield served
    served.stop()


@pytest.fixture(scope="session")
def records(demo: Served) -> Iterator[DuckDBEngine]:
    """The demo clinic's store, asked directly: what the pages must agree with."""
    engine = DuckDBEngine.open(current(demo.store))
    yield engine
    engine.close()


SignIn = Callable[..., Dashboard]


def _signed_in(browser: Browser, served: Served, name: str, **options: object) -> tuple[BrowserContext, Dashboard]:
    context = browser.new_context(**({"viewport": DESK, "accept_downloads": True} | options))
    context.set_default_timeout(20_000)
    context.add_init_script(READING)
    watch = Watch(served.address)
    watch.over(context)
    _watches.append(watch)
    # The link itself signs in; where it leads to is opened by whoever needs it.
    context.request.get(served.links[name], max_redirects=0)
    return context, Dashboard(context.new_page(), served.address)


@pytest.fixture
def sign_in(browser: Browser, demo: Served) -> Iterator[SignIn]:
    """A new tab in a new context for one test: `sign_in("director", **options)`."""
    opened = []

    def person(who: str, **options: object) -> Dashboard:
        context, dashboard = _signed_in(browser, demo, PEOPLE[who], **options)
        opened.append(context)
        return dashboard

    yield person
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def _tabs(browser: Browser, demo: Served) -> Iterator[dict]:
    contexts: dict[str, BrowserContext] = {}
    tabs: dict[tuple[str, str], Dashboard] = {"contexts": contexts}  # type: ignore[dict-item]
    yield tabs
    for context in contexts.values():
        context.close()


@pytest.fixture
def at(browser: Browser, demo: Served, _tabs: dict) -> Callable[..., Dashboard]:
    """A person's page, open since the first test that asked for it and without any filter: `at("director", "goals")`; or opened anew from a link."""

    def desk(who: str, name: str, query: str = "") -> Dashboard:
        contexts = _tabs["contexts"]
        if who not in contexts:
            contexts[who], first = _signed_in(browser, demo, PEOPLE[who])
            first.page.close()
        if (who, name) not in _tabs:
            _tabs[who, name] = Dashboard(contexts[who].new_page(), demo.address).open(name)
        dashboard = _tabs[who, name]
        if query:
            dashboard.page.bring_to_front()
            return dashboard.open(name, query)
        if dashboard.name != name or not dashboard.page.evaluate("reading.settled()"):
            dashboard.open(name)
        return dashboard.clean()

    return desk


@pytest.fixture(scope="session")
def photograph() -> Callable[[Dashboard, str], None]:
    """Keep a picture of the whole page in the folder that the variable SCREENSHOTS names, where it is set."""

    def keep(dashboard: Dashboard, name: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            dashboard.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep
