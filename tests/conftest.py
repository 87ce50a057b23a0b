"""What every test may use. Fixtures of one layer stand in that layer's own conftest.py."""

from __future__ import annotations

import gc
import os
from functools import cache
from pathlib import Path

import hypothesis
import pytest
import typer
from tests import clinics, order

from process.measures import benchmark
from process.store import encryption

ROOT = Path(__file__).parents[1]
BROWSER = ROOT / "tests" / "browser"

# A deadline for each example measures the machine, not the code: the suite runs on shared cores. Few examples with every run, many with `make soak`.
hypothesis.settings.register_profile("project", deadline=None, max_examples=40)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    """How many examples hypothesis makes up where a test does not say so itself."""
    if config.option.markexpr == "soak":
        hypothesis.settings.load_profile("soak")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Everything under tests/browser needs a browser: marked by its place, so that no test can forget to say so. What writes an encrypted store is left out
    where DuckDB has no extension for that. Tests on made-up records are long tests, too, with more of them."""
    for item in items:
        if item.path.is_relative_to(BROWSER):
            item.add_marker(pytest.mark.browser)
        if config.option.markexpr == "soak" and getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.soak)
            item.add_marker(pytest.mark.timeout(3600))
        if "encryption" in item.keywords and not encryption.can_write():
            item.add_marker(pytest.mark.skip(reason="no httpfs extension for this DuckDB: encrypted stores cannot be written"))
    items.sort(key=lambda item: order.place(item.nodeid))


def pytest_collection_finish() -> None:
    """What was imported stays to the end: it is not searched for garbage again and again while tests run, which takes a twentieth of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """How processes share the tests where there are several (`-n`)."""
    return order.Lots(config, log)


@pytest.fixture(scope="session", autouse=True)
def keys_of_tests(tmp_path_factory):
    """Keys that tests make lie in a folder of theirs, in the processes that they start, too; no keyring of this machine is asked."""
    with pytest.MonkeyPatch.context() as environment:
        clinics.KEYS[:] = [tmp_path_factory.mktemp("config")]
        environment.setenv("XDG_CONFIG_HOME", str(clinics.KEYS[0]))
        environment.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        for name in ("THERAPY_PROCESS_KEY_FILE", "THERAPY_PROCESS_CODES_KEY_FILE"):
            environment.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def benchmarks_drawn_alike():
    """The draw of a benchmark is of fresh chance in use; in tests of the same, so that what they find does not change from run to run."""
    with pytest.MonkeyPatch.context() as drawing:
        drawing.setattr(benchmark, "token_bytes", bytes)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_thread_for_each_of_several_processes():
    """Where several processes share the tests (`-n`), DuckDB has one thread in each: two that wait for each other do more work for the same answer. It has all
    of them in the servers and commands that tests start, and wherever one process runs the tests alone."""
    with pytest.MonkeyPatch.context() as settings:
        if "PYTEST_XDIST_WORKER" in os.environ:
            settings.setitem(encryption._CONFIG, "threads", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def the_command_put_together_once():
    """Typer puts a command together from its functions whenever it is run: once in a process of its own, here as often as tests run it in theirs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


class Clock:
    """A clock that stands still until a test sets it: `clock.now`, seconds since 1970."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def own_keys(tmp_path, monkeypatch):
    """A folder of keys of the test's own, and no key in hand before and after."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    clinics.put_down_keys()
    yield tmp_path / "config"
    clinics.put_down_keys()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real records that lies beside the project; it is not part of it, and its licences differ."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real records (../shared/data beside the project) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def delivered():
    """The demo clinic's records as intake gives them, enough of them for every contrast to have an interval."""
    return clinics.demo()


@pytest.fixture(scope="session")
def store(tmp_path_factory, delivered) -> Path:
    """The folder of a store that holds the demo clinic."""
    folder = tmp_path_factory.mktemp("store")
    clinics.opened(folder, delivered).engine.close()
    return folder


@pytest.fixture(scope="session")
def records(store):
    """The demo clinic, opened."""
    from process.access import open_records

    opened = open_records(store)
    yield opened
    opened.engine.close()


@pytest.fixture(scope="session")
def busiest(records):
    """The therapist with the most courses."""
    return clinics.therapists(records)[0]
