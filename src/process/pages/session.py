"""Which clinic a page shows, and to whom: the server's, as the signed-in person may see it, or in Jupyter the analyst's own.

The server tells this module once which records it serves and how a request's cookies become a user. Nothing of a viewer is kept here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import panel as pn
from pydantic_settings import BaseSettings, SettingsConfigDict

from process.access import ANALYST, Clinic, Latest, Viewer, open_records
from process.errors import NotAllowed


class Settings(BaseSettings):
    """Settings from the environment: `THERAPY_PROCESS_STORE` is the store that notebooks open in Jupyter."""

    model_config = SettingsConfigDict(env_prefix="THERAPY_PROCESS_")

    store: Path = Path("demo-store")


@dataclass(frozen=True)
class Served:
    """What the server serves: the latest records, without a viewer, the table of people, and who a request's cookies belong to."""

    latest: Latest
    viewer: Callable[[str], Viewer]
    user_of: Callable[[dict[str, str]], str | None]


_served: list[Served] = []


def serve_from(latest: Latest, viewer: Callable[[str], Viewer], user_of: Callable[[dict[str, str]], str | None]) -> None:
    """Called by the server before its first page."""
    _served[:] = [Served(latest, viewer, user_of)]


def new_secret() -> str:
    """A secret for this start of the server; cookies and session tokens signed with it end with it."""
    return secrets.token_hex(32)


def served() -> bool:
    """Whether this code runs for a page of the server (in Jupyter: no)."""
    return bool(pn.state.curdoc and pn.state.curdoc.session_context)


def clinic() -> Clinic:
    """The clinic of this page."""
    if not served():
        return Clinic(open_records(_in_jupyter(Settings().store)), ANALYST)
    if not _served:
        raise NotAllowed("This page is served without the gate. Start it with `therapy-process serve`.")
    server = _served[0]
    request = pn.state.curdoc.session_context.request
    user = server.user_of(dict(request.cookies)) if request is not None else None
    if user is None:
        raise NotAllowed("Nobody is signed in. Sign in again.")
    records = server.latest.lend()
    pn.state.curdoc.on_session_destroyed(lambda context: server.latest.give_back(records))
    return Clinic(records, partial(server.viewer, user))


def query() -> str:
    """The query string of the link that opened this page; empty in Jupyter."""
    return pn.state.location.search if served() and pn.state.location else ""


def _in_jupyter(store: Path) -> Path:
    # Notebooks run in their own folder; the store of a checkout lies beside it.
    return store if store.is_absolute() or store.exists() else Path("..") / store
