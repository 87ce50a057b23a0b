"""The browser, two real servers, and people who are signed in. One browser and one server serve every test; each person has one context.

All of it ends with the last test of this folder: while Playwright's browser is open, no other test of the same process could run an event loop.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from tests.browser.dashboard import Dashboard
from tests.browser.serving import Served, command, start
from tests.browser.signing_in import PATIENCE, WATCHES, signed_in

from process.store import DuckDBEngine, current

ROOT = Path(__file__).parents[2]
PEOPLE = {"director": "Dora", "therapist": "Tariq"}
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SWITCHES += ["--disable-component-update", "--disable-sync"]

expect.set_options(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def nothing_goes_wrong() -> Iterator[None]:
    """Whatever a test does: its pages end without a warning in the console, a request to another host, or an error."""
    for watch in WATCHES:
        watch.troubles.clear()
    yield
    troubles = list(dict.fromkeys(trouble for watch in WATCHES for trouble in watch.troubles))
    assert not troubles, "\n".join(troubles)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = subprocess.run(["sh", ROOT / "tools" / "browser.sh"], capture_output=True, text=True)
    if found.returncode:
        pytest.fail(f"These tests need a browser, and are never left out in silence.\n{found.stderr}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), headless=True, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo clinic at its default settings, made and served by `therapy-process demo`."""
    folder = tmp_path_factory.mktemp("demo")
    served = start(folder, 4, "demo", "--no-browser", "--store", folder / "store", store=folder / "store")
    yield served
    served.stop()


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def records(demo: Served) -> Iterator[DuckDBEngine]:
    """The demo clinic's store, asked directly: what the pages must agree with."""
    engine = DuckDBEngine.open(current(demo.store))
    yield engine
    engine.close()


SignIn = Callable[..., Dashboard]


@pytest.fixture
def sign_in(browser: Browser, demo: Served) -> Iterator[SignIn]:
    """A new tab in a new context for one test: `sign_in("director", **options)`."""
    opened = []

    def person(who: str, **options: object) -> Dashboard:
        context, dashboard = signed_in(browser, demo, PEOPLE[who], **options)
        opened.append(context)
        return dashboard

    yield person
    for context in opened:
        context.close()


@pytest.fixture(scope="package")
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
            contexts[who], first = signed_in(browser, demo, PEOPLE[who])
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


@pytest.fixture(scope="package")
def photograph() -> Callable[[Dashboard, str], None]:
    """Keep a picture of the whole page in the folder that the variable SCREENSHOTS names, where it is set."""

    def keep(dashboard: Dashboard, name: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            dashboard.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep
