"""Serving a store: the notebooks as pages, behind the gate."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bokeh.settings import settings as bokeh_settings
from panel.io.server import get_server
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler

from process import access, shipped
from process.access import Viewer, audit
from process.access.audit import place
from process.charts import READY
from process.pages import PLANS, first_figures, session
from process.people import Directory, MadeUp, People, people_file
from process.server import routes, said_less, secret_files, starting
from process.server.ending import OpenPages
from process.server.gate import Cookie, Gate
from process.server.oidc import Provider
from process.server.people import PersonalLinks
from process.server.plain import Unknown
from process.server.ports import require_free
from process.server.proxy import TrustedProxy
from process.server.served import LARGEST
from process.server.sessions import SignIn, SignIns
from process.server.settings import ServerSettings
from process.server.swapping import Swapping
from process.server.tickets import Tickets
from process.store.publishing import sweep_leftovers

PAGES = tuple(PLANS)
IDLE = 2.0
"""Seconds without an answer after which the server makes figures ahead again: each takes longer than an answer does."""
HTTP = {"max_header_size": 16 * 1024, "max_body_size": 64 * 1024, "max_buffer_size": 4 * LARGEST, "idle_connection_timeout": 60, "body_timeout": 15}
"""Bytes and seconds that a request may take; a sign-in form, the largest that is sent here, takes some hundred bytes."""
MANY = 500
"""Browsers and pages of one made-up person: the demo's links are shared on purpose."""


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


def _keep_figures_ready(loop: IOLoop) -> None:
    """Make blank figures one at a time while nobody waits: those that pages are sent with right away, then whatever is missing."""

    def make_one() -> None:
        idle = time.monotonic() - READY.in_use > IDLE
        loop.call_later(0.05 if idle and READY.make_one() else 0.5, make_one)

    opening = ["lengths", *(name for plan in PLANS.values() for name in first_figures(plan))]
    while READY.make_one(enough=1, names=opening):
        pass
    loop.call_later(0.5, make_one)


@dataclass(frozen=True)
class Running:
    """A server that was built: its settings, Bokeh's server, its gate, the pages that are open, and what its cookies are signed with."""

    settings: ServerSettings
    server: Any
    gate: Gate
    pages: OpenPages
    secret: str = field(repr=False)


def build(latest: access.Latest, people: Directory, settings: ServerSettings, *, links: PersonalLinks | None = None) -> Running:
    """The server, not yet started: pages, gate, health. What stops it from starting is looked at before (`starting.refuse`)."""
    gate, secret, proxy, provider = _gate(people, settings)
    session.serve_from(latest, gate.opening)
    of_tokens = secrets.token_hex(32)  # of this process alone: a page's token opens a websocket nowhere else, and not after a restart
    bokeh_settings.resources = "server"
    bokeh_settings.secret_key = of_tokens
    bokeh_settings.sign_sessions = True
    origins = gate.origins
    server = get_server(
        {f"/{name}": str(shipped.folder("dashboards", f"{name}.ipynb")) for name in PAGES},
        port=settings.port,
        websocket_origin=[urlsplit(origin).netloc for origin in origins if "[" not in origin],  # Bokeh knows no IPv6; the gate compares origins itself
        auth_provider=gate,
        cookie_secret=secret,
        secret_key=of_tokens.encode(),
        sign_sessions=True,
        generate_session_ids=True,
        include_headers=[],
        include_cookies=[],
        use_index=False,
        compress_response=True,
        default_handler_class=Unknown,
        websocket_max_message_size=LARGEST,
        websocket_ping_interval=30,
        http_server_kwargs=dict(HTTP),
        xsrf_cookie_name=f"{gate.cookie.name}_form",
        xsrf_cookie_kwargs=gate.cookie.options,
        log_function=_logged,
        known_hosts={urlsplit(origin).hostname for origin in origins},
        behind_proxy=settings.behind_proxy or settings.sign_in == "proxy",
        start=False,
        show=False,
        **_bound_to(settings),
    )
    if settings.unix_socket is not None:
        os.chmod(settings.unix_socket, 0o660)  # the proxy's group; who reaches it at all is decided by the folder
    pages = OpenPages(gate)
    app = server._tornado
    own = routes.listed(app, gate, pages, latest) + routes.of_sign_in(settings, gate, links=links, provider=provider, proxy=proxy)
    # Handlers that come first are the only way to have Bokeh's and Panel's own routes answer nothing: `/components` would import whatever an address names.
    app.add_handlers(r".*", own + routes.NOTHING_ELSE)
    return Running(settings, server, gate, pages, secret)


def _gate(people: Directory, settings: ServerSettings) -> tuple[Gate, str, TrustedProxy | None, Provider | None]:
    secret = secret_files.read(settings.secret_file, "secret") if settings.secret_file else secrets.token_hex(32)
    links, lasting = settings.sign_in == "links", settings.lasting
    table = SignIns(
        settings.sessions,
        idle=60 * lasting.idle_minutes,
        shift=3600 * lasting.shift_hours,
        most=MANY if links else settings.limits.browsers,
        told=_ended,
    )
    proxy = provider = None
    if settings.sign_in == "proxy":
        proxy = TrustedProxy(settings.proxy.user_header, secret_files.read(settings.proxy.secret_file, "proxy's secret") if settings.proxy.secret_file else "")
    if settings.sign_in == "oidc" and settings.oidc:
        told = settings.oidc
        client = secret_files.read(told.client_secret_file, "client's secret", shortest=16)
        provider = Provider(told.issuer, told.client_id, client, told.claim, f"{settings.origins(settings.port)[0]}{routes.CALLBACK}", told.scopes)
    gate = Gate(
        people,
        table,
        Tickets(MANY if links else settings.limits.pages),
        secret,
        cookie=Cookie(settings.secure),
        origins=settings.origins(settings.port),
        note=audit.note,
        require=_log_is_well,
        proxy=proxy,
        warn=60 * lasting.warn_minutes,
    )
    return gate, secret, proxy, provider


def _bound_to(settings: ServerSettings) -> dict[str, Any]:
    """Where the server listens."""
    told: dict[str, Any] = {"unix_socket": str(settings.unix_socket)} if settings.unix_socket else {"address": settings.address}
    if settings.tls:
        told |= {"ssl_certfile": str(settings.tls.certificate), "ssl_keyfile": str(settings.tls.key)}
    return told


def _ended(ended: SignIn, why: str) -> None:
    """A sign-in's end in the audit log."""
    if why == "sign-out":
        audit.note("signed_out", ended.user)
    else:
        audit.note("ended", ended.user, why=why)


def _log_is_well() -> None:
    """Raise `LogProblem` while the audit log, where one is kept, cannot be written."""
    log = audit.kept()
    if log is not None:
        log.require()


def _logged(handler: RequestHandler) -> None:
    """A request that failed inside is said; its address, which holds filters or a personal link, is not."""
    if handler.get_status() >= 500:
        logging.getLogger("therapy_process").error("%s answered %d", type(handler).__name__, handler.get_status())
