"""A running server takes up what is loaded meanwhile; open pages finish on what they began with and are told so; nothing damaged is ever taken up."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bokeh.models import Div
from tests import clinics
from tests.ports import free_port
from tests.server.served import serving_latest
from tests.server.talking import OpenPage

from process.access import Latest, Viewer, open_records
from process.access.latest import ENDED, NEWER
from process.errors import NotAllowed
from process.server import People
from process.server.swapping import Swapping
from process.store import current, journal, roll_back

PEOPLE = People({"dora": Viewer("dora", "director", name="Dora")})


def open_now(latest: Latest) -> tuple[str, ...]:
    """The names of the generations that are open now, the one that is shown last."""
    return (*latest._earlier, latest.records.generation.name)


def load(folder: Path, courses: int):
    """Make a clinic of so many courses the store's current generation."""
    clinics.opened(folder, clinics.counted(("T1", courses, 4), ("T2", courses, 6), ("T3", courses, 9))).engine.close()
    return current(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("swapped") / "store"


@pytest.fixture(scope="module")
def running(folder):
    """A server of a store, with what is needed to let it look when a test says so."""
    load(folder, 10)
    latest = Latest(open_records(folder))
    log: list[str] = []
    with serving_latest(latest, PEOPLE) as served:
        swapping = Swapping(latest, log.append)

        def look() -> None:
            asyncio.run_coroutine_threadsafe(swapping.look(), served.loop.asyncio_loop).result(60)

        yield served, latest, look, log
    latest.close()


def shown(served) -> int:
    """The courses that a new page counts."""
    page = OpenPage.open(served, "dora")
    try:
        return courses(page)
    finally:
        page.close()


def courses(page: OpenPage) -> int:
    """How many courses the page's summary counts."""
    texts = " ".join(re.sub(r"<[^>]+>", " ", div.text) for div in page.document.select({"type": Div}))
    return int(re.search(r"([\d,]+) courses · [\d,]+ attended sessions", texts)[1].replace(",", ""))


def test_new_pages_show_what_was_loaded_and_open_ones_finish_on_what_they_had_and_say_so(running, folder):
    served, latest, look, log = running
    before = current(folder).name
    page = OpenPage.open(served, "dora")
    assert courses(page) == 30 and page.alerts == ""

    after = load(folder, 20).name
    look()
    page.move(1, 7)

    assert NEWER in page.alerts and "Reload the page" in page.alerts and courses(page) == 20
    assert shown(served) == 60
    assert set(open_now(latest)) == {before, after}
    assert log == [f"Generation {after} is served now; before it was {before}."]
    assert [(line["outcome"], line["generation"]) for line in journal.entries(folder) if line["what"] == "swap"] == [("done", after)]
    page.close()


def test_a_page_whose_generation_is_not_kept_any_more_is_ended_in_words_at_its_next_answer(running, folder):
    served, latest, look, _ = running
    page = OpenPage.open(served, "dora")
    had = current(folder).name
    figures = courses(page)

    for more in (21, 22, 23):
        load(folder, more)
        look()
    assert had not in open_now(latest)
    page.move(1, 7)

    assert ENDED in page.alerts and "Reload the page" in page.alerts and NEWER not in page.alerts
    assert courses(page) == figures  # nothing is answered from anywhere else
    page.close()


def test_going_back_ends_the_pages_of_what_was_gone_back_from(running, folder):
    served, latest, look, _ = running
    page = OpenPage.open(served, "dora")

    earlier = roll_back(folder).name
    look()
    page.move(1, 7)

    assert ENDED in page.alerts and latest.records.generation.name == earlier
    assert shown(served) == 66
    page.close()


def test_a_damaged_new_generation_is_said_once_and_the_old_one_is_served_on(running, folder):
    served, latest, look, log = running
    before = latest.records.generation.name
    new = load(folder, 30)
    content = bytearray(new.path.read_bytes())
    content[len(content) // 2] ^= 1
    new.path.write_bytes(content)
    log.clear()

    for _ in range(3):
        look()

    assert latest.records.generation.name == before and shown(served) == 66
    assert len(log) == 1 and new.name in log[0] and "damaged" in log[0] and before in log[0]
    refused = [line for line in journal.entries(folder) if line["what"] == "swap" and line["outcome"] == "refused"]
    assert [(line["generation"], line["kind"]) for line in refused] == [(new.name, "StoreProblem")]

    assert load(folder, 31)
    look()
    assert shown(served) == 93


def test_a_generation_is_let_go_of_when_its_last_page_closes(running, folder):
    served, latest, look, _ = running
    page = OpenPage.open(served, "dora")
    before = latest.records
    load(folder, 32)
    look()
    assert before.generation.name in open_now(latest)
    page.close()

    # what Bokeh does every 17 seconds with the sessions that nobody is connected to, now
    contexts = list(served.running.server._tornado.applications.values())
    for context in contexts:
        asyncio.run_coroutine_threadsafe(context._cleanup_sessions(0), served.loop.asyncio_loop).result(60)

    assert open_now(latest) == (current(folder).name,)
    with pytest.raises(NotAllowed):
        before.engine.query("select 1 as one")


def test_a_pointer_that_is_missing_or_wrong_changes_nothing_that_is_served(running, folder):
    _, latest, look, log = running
    name = latest.records.generation.name
    pointer = (folder / "current").read_text()
    log.clear()
    for text in ("", "g000042-aaaaaa\n", "../../elsewhere\n", None):
        if text is None:
            os.remove(folder / "current")
        else:
            (folder / "current").write_text(text)
        look()
        assert latest.records.generation.name == name
    (folder / "current").write_text(pointer)
    look()

    assert latest.records.generation.name == name and len(log) == 1 and "g000042-aaaaaa" in log[0]


def test_the_served_command_takes_up_a_load_by_itself_and_says_so(tmp_path):
    store, port = tmp_path / "store", free_port()
    first = load(store, 10).name
    serving = subprocess.Popen(
        [sys.executable, "-m", "process", "serve", str(store), "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert "/enter/" in serving.stdout.readline()
        second = load(store, 11).name
        said = next(line for line in serving.stderr if "is served now" in line)
        assert said.strip() == f"Generation {second} is served now; before it was {first}."
    finally:
        serving.terminate()
        serving.wait(30)
