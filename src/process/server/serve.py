"""Serving a store: the notebooks as pages, behind the gate."""

from __future__ import annotations

import socket
import sys
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path

from bokeh.settings import settings as bokeh_settings
from panel.io.server import get_server
from tornado.ioloop import IOLoop

from process import access, shipped
from process.access import Viewer
from process.charts import READY
from process.errors import PortInUse, SettingWrong
from process.pages import NAVIGATION, PLANS, first_figures, session
from process.server.gate import COOKIE, Enter, Gate, Health, Home, Leave, SignIn, Tidy, Unknown
from process.server.methods import Methods
from process.server.people import People, PersonalLinks
from process.server.swapping import Swapping
from process.store.publishing import sweep_leftovers

PAGES = tuple(PLANS)
IDLE = 2.0
"""Seconds without an answer after which the server makes figures ahead again: each takes longer than an answer does."""
LOOPBACK = ("127.0.0.1", "localhost")


def demo_people(store: Path) -> People:
    """The demo's made-up people: a director and the two therapists with the most courses."""
    records = access.open_records(store)
    busiest = records.engine.query("select therapist_id from course_facts group by therapist_id order by count(*) desc, therapist_id limit 2")
    records.engine.close()
    viewers = [Viewer("dora", "director", name="Dora, director")]
    names = ("Tariq, therapist", "Tess, therapist")
    viewers += [Viewer(name[:5].strip(", ").lower(), "therapist", code, name) for name, code in zip(names, busiest["therapist_id"], strict=False)]
    return People({viewer.user: viewer for viewer in viewers})


def to_stderr(line: str) -> None:
    """A line of the server's log."""
    print(line, file=sys.stderr, flush=True)


def serve(
    store: Path,
    *,
    port: int = 5006,
    address: str = "127.0.0.1",
    people: People | None = None,
    open_browser: bool = False,
    announce: Callable[[str], None] = print,
    log: Callable[[str], None] = to_stderr,
) -> None:
    """Serve the store's pages until interrupted; personal links, one a person, are announced once the server answers.

    A generation that is loaded meanwhile is taken up, and `log` is told of it.

    Raises `PortInUse` when the address is taken, `SettingWrong` for an address other than loopback (that needs a sign-in of its own), `StoreProblem`
    when the store cannot be opened.
    """
    if address not in LOOPBACK:
        raise SettingWrong(f"`{address}` is not a loopback address. Personal links are safe on loopback only; use one of {', '.join(LOOPBACK)}.")
    require_free(port, address)
    sweep_leftovers(store)
    latest = access.Latest(access.open_records(store))
    people = people if people is not None else People({"owner": Viewer("owner", "director", name="Director")})
    links = PersonalLinks(people)
    server = build(latest, people, links, port=port, address=address)
    server.start()
    server.io_loop.add_callback(Swapping(latest, log).watch)
    _keep_figures_ready(server.io_loop)
    addresses = {viewer.name or user: f"http://{address}:{port}/enter/{links.keys[user]}" for user, viewer in people.viewers.items()}
    for name, link in addresses.items():
        announce(f"{name}: {link}")
    if open_browser:
        webbrowser.open(next(iter(addresses.values())))
    try:
        server.io_loop.start()
    finally:
        server.stop()
        latest.close()


def _keep_figures_ready(loop: IOLoop) -> None:
    """Make blank figures one at a time while nobody waits: those that pages are sent with right away, then whatever is missing."""

    def make_one() -> None:
        idle = time.monotonic() - READY.in_use > IDLE
        loop.call_later(0.05 if idle and READY.make_one() else 0.5, make_one)

    opening = ["lengths", *(name for plan in PLANS.values() for name in first_figures(plan))]
    while READY.make_one(enough=1, names=opening):
        pass
    loop.call_later(0.5, make_one)


def build(latest: access.Latest, people: People, links: PersonalLinks, *, port: int, address: str):  # noqa: ANN201 - Panel's own server class
    """The server, not yet started: pages, gate, health."""
    secret = session.new_secret()
    gate = Gate(people, secret)
    session.serve_from(latest, people.viewer, gate.user_of)
    bokeh_settings.resources = "server"
    bokeh_settings.secret_key = secret
    bokeh_settings.sign_sessions = True
    notebooks = {f"/{name}": str(shipped.folder("dashboards", f"{name}.ipynb")) for name in PAGES}
    server = get_server(
        notebooks,
        port=port,
        address=address,
        websocket_origin=[f"{host}:{port}" for host in LOOPBACK],
        auth_provider=gate,
        cookie_secret=secret,
        secret_key=secret.encode(),
        sign_sessions=True,
        generate_session_ids=True,
        include_headers=[],
        include_cookies=[COOKIE],
        use_index=False,
        compress_response=True,
        default_handler_class=Unknown,
        extra_patterns=[
            (r"/", Home),
            (r"/health", Health),
            (r"/sign-in", SignIn),
            (r"/sign-out", Leave),
            (r"/enter/([\w-]+)", Enter, {"links": links}),
            (r"/methods", Methods, {"gate": gate, "latest": latest, "people": people}),
        ],
        start=False,
        show=False,
    )
    # These come before Bokeh's and Panel's own: `/components` would import whatever module an address names, for anybody.
    # Bokeh adds these routes to every page by itself; handlers that come first are the only way to have them answer nothing.
    server._tornado.add_handlers(r".*", [(r".*/(autoload\.js|metadata)", Unknown), (r"/components.*", Unknown), (rf"/({'|'.join(NAVIGATION)})/", Tidy)])
    return server


def require_free(port: int, address: str) -> None:
    """Raise `PortInUse` when something already listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as taken:
            raise PortInUse(f"Port {port} on {address} is in use. Stop what listens there, or choose another: `--port {port + 1}`.") from taken
