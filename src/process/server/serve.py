"""Serving a store: the notebooks as pages, behind the gate."""

from __future__ import annotations

import gc
import sys
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path

from tornado.ioloop import IOLoop

from process import access
from process.access import Viewer, audit
from process.access.audit import place
from process.charts import READY
from process.pages import PLANS, first_figures
from process.people import MadeUp, People, people_file
from process.server import said_less, starting
from process.server.building import build
from process.server.people import PersonalLinks
from process.server.ports import require_free
from process.server.settings import ServerSettings
from process.server.swapping import Swapping
from process.store.publishing import sweep_leftovers

LOOK_AFTER = (10_000, 20, 20)
"""Things made, and looks at young and at older ones, until Python looks for those that hold only each other."""
IDLE = 2.0
"""Seconds without an answer after which the server makes figures ahead again: each takes longer than an answer does."""


def demo_people(store: Path) -> MadeUp:
    """The demo's made-up people: a director, the two therapists with the most courses, and a supervisor of these two and of the third."""
    records = access.open_records(store)
    busiest = records.engine.query("select therapist_id from course_facts group by therapist_id order by count(*) desc, therapist_id limit 3")
    records.engine.close()
    codes = busiest["therapist_id"].tolist()
    names = dict(zip(codes[:2], ("Tariq", "Tess"), strict=False))
    viewers = [Viewer("dora", "director", name="Dora, director", names=names)]
    viewers += [Viewer(name.lower(), "therapist", code, f"{name}, therapist", names={code: name}) for code, name in names.items()]
    viewers += [Viewer("sol", "supervisor", name="Sol, supervisor", supervises=tuple(codes), names=names)] if len(codes) > 1 else []
    return MadeUp({viewer.user: viewer for viewer in viewers})


def to_stderr(line: str) -> None:
    """A line of the server's log."""
    print(line, file=sys.stderr, flush=True)


def serve(
    store: Path,
    settings: ServerSettings | None = None,
    *,
    people: MadeUp | None = None,
    open_browser: bool = False,
    announce: Callable[[str], None] = print,
    log: Callable[[str], None] = to_stderr,
) -> None:
    """Serve the store's pages until interrupted. How people sign in is announced once the server answers; for personal links, one a person.

    `people`: those of the personal links (default: one director, the owner of the files); anybody else is looked up in the table of people. A generation that
    is loaded meanwhile is taken up, and `log` is told of it.

    Raises `PortInUse` when the address is taken, `SettingWrong` with everything that stops a server with these settings, `StoreProblem` when the store
    cannot be opened.
    """
    settings = settings if settings is not None else ServerSettings()
    starting.refuse(settings)
    if settings.unix_socket is None:
        require_free(settings.port, settings.address)
    said_less.begin()
    sweep_leftovers(store)
    latest = access.Latest(access.open_records(store))
    made_up = people if people is not None else MadeUp({"owner": Viewer("owner", "director", name="Director")})
    links = PersonalLinks(made_up) if settings.sign_in == "links" else None
    audit.keep(settings.audit or place.beside(store), settings.audit_key_file, settings.audit_months)
    audit.note("started")
    running = build(latest, made_up if links else People(people_file(settings.people), log), settings, links=links)
    running.server.start()
    running.server.io_loop.add_callback(Swapping(latest, log).watch)
    running.server.io_loop.add_callback(running.pages.watch, log)
    _keep_figures_ready(running.server.io_loop)
    _keep_what_is_there()
    for line in _ways_in(settings, links):
        announce(line)
    if open_browser and links:
        webbrowser.open(next(iter(_links(settings, links).values())))
    try:
        running.server.io_loop.start()
    finally:
        running.server.stop()
        running.gate.table.close()
        audit.note("stopped")
        audit.close()
        latest.close()


def _links(settings: ServerSettings, links: PersonalLinks) -> dict[str, str]:
    start = settings.origins(settings.port)[0]
    return {viewer.name or user: f"{start}/enter/{links.keys[user]}" for user, viewer in links.people.viewers.items()}


def _ways_in(settings: ServerSettings, links: PersonalLinks | None) -> list[str]:
    if links is not None:
        return [f"{name}: {link}" for name, link in _links(settings, links).items()]
    way = {"local": "with user name and password", "oidc": "at the clinic's identity provider", "proxy": "through the proxy in front"}[settings.sign_in]
    return [f"People sign in {way}: {settings.origins(settings.port)[0]}"]


def _keep_what_is_there() -> None:
    """Libraries, records and figures that were made by now stay as long as the server: Python need not look through them for every page that goes.

    Nor does it have to look each time that 700 things have been made, its default; a page is some hundred thousand.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*LOOK_AFTER)


def _keep_figures_ready(loop: IOLoop) -> None:
    """Make blank figures one at a time while nobody waits: those that pages are sent with right away, then whatever is missing."""

    def make_one() -> None:
        idle = time.monotonic() - READY.in_use > IDLE
        loop.call_later(0.05 if idle and READY.make_one() else 0.5, make_one)

    opening = ["lengths", *(name for plan in PLANS.values() for name in first_figures(plan))]
    while READY.make_one(enough=1, names=opening):
        pass
    loop.call_later(0.5, make_one)
