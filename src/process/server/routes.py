"""Every address of the server, in one list. What is not in it is not served, whatever Bokeh and Panel would serve by themselves."""

from __future__ import annotations

from typing import Any

from bokeh.embed.bundle import extension_dirs

from process.access import Latest
from process.pages import NAVIGATION, who_looked
from process.server.drawn_with import Icon, OfBokeh, OfExtensions
from process.server.ending import OpenPages
from process.server.gate import Gate
from process.server.methods import Methods
from process.server.oidc import Provider
from process.server.oidc_pages import EndedAtProvider, FromProvider, LeaveProvider, ToProvider
from process.server.people import PersonalLinks
from process.server.plain import Health, Home, Tidy, Unknown
from process.server.proxy import ByProxy, TrustedProxy
from process.server.served import Page
from process.server.settings import ServerSettings
from process.server.signing_in import AskLink, Enter, Leave, LocalAccount, Staying
from process.server.websocket import Socket
from process.server.who_looked import WhoLooked

CALLBACK = "/sign-in/back"


def listed(app: Any, gate: Gate, pages: OpenPages, latest: Latest) -> list[tuple]:
    """The routes of pages and of what they are drawn with; `app` is Bokeh's application, which makes the pages."""
    routes: list[tuple] = [
        (r"/", Home),
        (r"/health", Health),
        (r"/session", Staying, {"gate": gate}),
        (r"/methods", Methods, {"gate": gate, "latest": latest}),
        (r"/log", WhoLooked, {"gate": gate}),
        (rf"/{who_looked.NAME}", WhoLooked, {"gate": gate}),
        (rf"/({'|'.join(NAVIGATION)})/", Tidy),
    ]
    for path, context in app.applications.items():
        of_page = {"gate": gate, "application_context": context, "bokeh_websocket_path": f"{path}/ws"}
        routes += [(path, Page, of_page), (f"{path}/ws", Socket, {**of_page, "pages": pages})]
    return [
        *routes,
        (r"/static/extensions/(.*)", OfExtensions, {"root": extension_dirs}),
        (r"/static/(.*)", OfBokeh),
        (r"/favicon.ico", Icon, {"app": app}),
    ]


def of_sign_in(settings: ServerSettings, gate: Gate, *, links: PersonalLinks | None, provider: Provider | None, proxy: TrustedProxy | None) -> list[tuple]:
    """The routes of the one way in, and of signing out."""
    known = {"gate": gate}
    if settings.sign_in == "local":
        return [(r"/sign-in", LocalAccount, known), (r"/sign-out", Leave, known)]
    if settings.sign_in == "proxy":
        return [(r"/sign-in", ByProxy, {**known, "proxy": proxy}), (r"/sign-out", Leave, {**known, "elsewhere": settings.proxy.sign_out_url})]
    if settings.sign_in == "oidc":
        of_provider = {**known, "provider": provider}
        return [
            (r"/sign-in", ToProvider, of_provider),
            (CALLBACK, FromProvider, of_provider),
            (r"/sign-out", Leave, {**known, "elsewhere": "/sign-out/provider"}),
            (r"/sign-out/provider", LeaveProvider, {**of_provider, "back": f"{settings.origin}/"}),
            (r"/sign-out/from-provider", EndedAtProvider, of_provider),
        ]
    return [(r"/sign-in", AskLink, known), (r"/enter/([\w-]+)", Enter, {**known, "links": links}), (r"/sign-out", Leave, known)]


NOTHING_ELSE = [(r".*", Unknown)]
