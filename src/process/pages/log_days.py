"""The audit log's lines by day and person: which pages were looked at, what was exported, refused and changed, each line in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from process.access.audit import reading
from process.measures import catalogue

LOG = "log"
"""What a look at the log itself is called in it."""
MOST_LINES = 400
"""Lines of one person's day that are listed."""
NOBODY = "(nobody signed in)"
ADMINISTRATOR = "administrator"
"""What stands in the place of a role for an account of the server's machine: it has none here."""
FILTERS = {
    "basis": "length basis",
    "endings": "ending",
    "length": "length in sessions",
    "modalities": "form of therapy",
    "problems": "main problem",
    "start_from": "started from",
    "start_to": "started until",
    "teams": "team",
}


@dataclass
class Day:
    """One person's day."""

    day: str
    user: str
    role: str = ""
    pages: dict[str, int] = field(default_factory=dict)
    exports: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    refused: int = 0
    sign_ins: int = 0
    lines: list[tuple[str, str, str]] = field(default_factory=list)


def days(lines: Iterable[dict[str, Any]], labels: dict[str, str]) -> list[Day]:
    """The lines by day and person, the latest day first; `labels`: pages by name."""
    found: dict[tuple[str, str, str], Day] = {}
    pages = {name: labels.get(catalogue.measure(name).definition.page, "every page") for name in catalogue.names()}
    for line in lines:
        administers = line["kind"] == "people"
        moment, user = str(line.get("at", "")), str(line.get("by" if administers else "user", NOBODY))
        if line["kind"] in ("started", "stopped", "pruned", "mended"):
            continue
        role = ADMINISTRATOR if administers else str(line.get("role", ""))
        entry = found.setdefault((moment[:10], user, "administers" if administers else ""), Day(moment[:10], user))
        entry.role = role or entry.role
        times = 1 + (line["times"] if isinstance(line.get("times"), int) else 0)
        what = _noted(entry, line, pages, times)
        if len(entry.lines) < MOST_LINES:
            entry.lines.append((moment[11:19], what[0], what[1]))
    return sorted(found.values(), key=lambda day: (day.day, day.user), reverse=True)


def _noted(entry: Day, line: dict[str, Any], pages: dict[str, str], times: int) -> tuple[str, str]:
    """Count a line in its day; what it says, and with which filter."""
    kind, chosen = line["kind"], _chosen(line.get("filter", {}))
    if kind == "answer":
        measures = [name for name in line.get("measures", {}) if name != "lengths"]
        for page in {pages.get(name, name) for name in measures}:
            entry.pages[page] = entry.pages.get(page, 0) + 1
        return "looked at " + ", ".join(_title(name) for name in measures or ["lengths"]), chosen
    if kind == "export":
        name = str(line.get("measure"))
        entry.exports[_title(name)] = entry.exports.get(_title(name), 0) + 1
        return f"exported {_title(name)} ({line.get('form')})", chosen
    if kind in ("refused", "sign_in_refused"):
        entry.refused += times
        where = f" ({line.get('page') or _title(str(line['measure']))})" if "page" in line or "measure" in line else ""
        again = f", {times} times" if times > 1 else ""
        return f"{'refused' if kind == 'refused' else 'sign-in refused'}{where}: {line.get('why', 'no reason given')}{again}", ""
    if kind == "read":
        page = "This log" if line.get("page") == LOG else str(line.get("page")).capitalize()
        entry.pages[page] = entry.pages.get(page, 0) + 1
        return f"looked at {page}", ""
    if kind == "people":
        entry.changes.append(reading.changed(line))
        return f"changed who sees what: {reading.changed(line)}", ""
    if kind == "signed_in":
        entry.sign_ins += 1
    reason = line.get("how") or line.get("why")
    return kind.replace("_", " ") + (f" ({reason})" if reason else ""), ""


def _chosen(filters: dict[str, Any]) -> str:
    """A filter as the pages call it."""
    parts = [f"{FILTERS.get(name, name)} {' or '.join(value) if isinstance(value, list) else value}" for name, value in sorted(filters.items())]
    return ", ".join(parts).replace("_", " ")


def _title(name: str) -> str:
    return catalogue.measure(name).definition.title if name in catalogue.names() else name
