"""A server that is put together: its pages, its gate, what its log needs, and where it listens. Nothing runs yet."""

from __future__ import annotations

import logging
import os
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bokeh.settings import settings as bokeh_settings
from panel.io.server import get_server
from tornado.web import RequestHandler

from process import access, shipped
from process.access import audit
from process.pages import PLANS, session
from process.people import Directory
from process.server import current_page, known_defaults, routes, secret_files
from process.server.ending import OpenPages
from process.server.gate import Cookie, Gate
from process.server.oidc import Provider
from process.server.people import PersonalLinks
from process.server.plain import Unknown
from process.server.proxy import TrustedProxy
from process.server.sessions import SignIn, SignIns
from process.server.settings import ServerSettings
from process.server.tickets import LIFE, Tickets
from process.server.websocket import LARGEST

PAGES = tuple(PLANS)
HTTP = {"max_header_size": 16 * 1024, "max_body_size": 64 * 1024, "max_buffer_size": 4 * LARGEST, "idle_connection_timeout": 60, "body_timeout": 15}
"""Bytes and seconds that a request may take; a sign-in form, the largest that is sent here, takes some hundred bytes."""
MANY = 500
"""Browsers and pages of one made-up person: the demo's links are shared on purpose."""


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
    current_page.begin()
    known_defaults.begin()
    gate, secret, proxy, provider = _gate(people, settings)
    session.serve_from(latest, gate.opening)
    of_tokens = secrets.token_hex(32)  # of this process alone: a page's token opens a websocket nowhere else, and not after a restart
    bokeh_settings.resources = "server"
    bokeh_settings.secret_key = of_tokens
    bokeh_settings.sign_sessions = True
    bokeh_settings.perform_document_validation = False  # of the layout of our own pages, which tests look at (tests/server/test_known_defaults.py)
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
        unused_session_lifetime_milliseconds=1000 * LIFE,  # a page made for a slow line is there for as long as its websocket may be opened
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
    """Raise `LogProblem` while the audit log cannot be written; a server without one lets nobody in."""
    audit.require()


def _logged(handler: RequestHandler) -> None:
    """A request that failed inside is said; its address, which holds filters or a personal link, is not."""
    if handler.get_status() >= 500:
        logging.getLogger("therapy_process").error("%s answered %d", type(handler).__name__, handler.get_status())
