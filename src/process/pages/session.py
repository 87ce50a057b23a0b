"""Which clinic a page shows, and to whom: the server's, as the signed-in person may see it, or in Jupyter the analyst's own.

The server tells this module once which records it serves and what it knows of a page that is being made. Nothing of a viewer is kept here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import panel as pn
from pydantic_settings import BaseSettings, SettingsConfigDict

from process.access import ANALYST, Clinic, Latest, Viewer, audit, open_records
from process.errors import NotAllowed


class Settings(BaseSettings):
    """Settings from the environment: `THERAPY_PROCESS_STORE` is the store that notebooks open in Jupyter."""

    model_config = SettingsConfigDict(env_prefix="THERAPY_PROCESS_")

    store: Path = Path("demo-store")


@dataclass(frozen=True)
class Staying:
    """What a page knows of its reader's sign-in: what its forms send along, seconds until it ends without an interaction, in any case, and of warning."""

    form: str
    idle: int
    shift: int
    warn: int


@dataclass(frozen=True)
class Opening:
    """What the server says of a page that is being made: as whom it looks, asked anew at every question; the filters of its address; its sign-in."""

    viewer: Callable[[], Viewer]
    query: str
    staying: Staying


@dataclass(frozen=True)
class Served:
    """What the server serves: the latest records, without a viewer, and what it knows of a page by the id of the page's session."""

    latest: Latest
    opening: Callable[[str], Opening]


_served: list[Served] = []


def serve_from(latest: Latest, opening: Callable[[str], Opening]) -> None:
    """Called by the server before its first page. `opening` raises `NotAllowed` for a session that it did not begin."""
    _served[:] = [Served(latest, opening)]


def served() -> bool:
    """Whether this code runs for a page of the server (in Jupyter: no)."""
    return bool(pn.state.curdoc and pn.state.curdoc.session_context)


def clinic() -> Clinic:
    """The clinic of this page. A page of the server is refused (`NotAllowed`) without the gate, and without a log that can be written (`LogProblem`)."""
    if not served():
        return Clinic(open_records(_in_jupyter(Settings().store)), ANALYST)
    audit.require()
    opening = _opening()
    latest = _served[0].latest
    records = latest.lend()
    pn.state.curdoc.on_session_destroyed(lambda context: latest.give_back(records))
    # A websocket is opened once. A page that lost its connection says so itself (`styles/signed_in.js`).
    pn.state.curdoc.config.update(reconnect_session=False, notify_connection_status=False)
    return Clinic(records, opening.viewer)


def query() -> str:
    """The query string of the link that opened this page; empty in Jupyter."""
    return _opening().query if served() else ""


def staying() -> Staying | None:
    """What this page knows of its reader's sign-in; None in Jupyter."""
    return _opening().staying if served() else None


def _opening() -> Opening:
    if not _served:
        raise NotAllowed("This page is served without the gate. Start it with `therapy-process serve`.")
    return _served[0].opening(str(pn.state.curdoc.session_context.id))


def _in_jupyter(store: Path) -> Path:
    # Notebooks run in their own folder; the store of a checkout lies beside it.
    return store if store.is_absolute() or store.exists() else Path("..") / store
