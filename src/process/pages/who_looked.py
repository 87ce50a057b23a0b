"""The directors' page on the audit log: by day and person, which pages were looked at, what was exported, what was refused. No value is in the log or here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Any

from process.access import Viewer
from process.access.audit import reading
from process.errors import SettingWrong
from process.measures import catalogue
from process.pages import look, signed_in
from process.pages.session import Staying

NAME = "log"
TITLE = "Who looked at what?"
DAYS = 7
"""Days that the page begins with."""
MOST_DAYS = 93
"""Days that one page shows at most: a quarter; the command `therapy-process audit show` knows no bound."""
MOST_LINES = 400
"""Lines of one person's day that are listed."""
NOBODY = "(nobody signed in)"
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
PURPOSE = (
    "The log says who looked at which figures, with which filter, and never what they showed. It is kept so that patients' records are looked at for a reason; "
    "it says nothing about how well or how much anybody works."
)


@dataclass
class Day:
    """One person's day."""

    day: str
    user: str
    role: str = ""
    pages: dict[str, int] = field(default_factory=dict)
    exports: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    sign_ins: int = 0
    lines: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Period:
    """Both ends included, in UTC; `problem` says what of the address was left out."""

    since: date
    until: date
    user: str = ""
    problem: str = ""


def period(since: str, until: str, user: str, today: date) -> Period:
    """The period and person that an address asks for; what is no day, or too long, is left out and said."""
    problem = ""
    try:
        last = reading.day(until) if until else today
        first = reading.day(since) if since else last - timedelta(days=DAYS - 1)
        if first > last:
            problem, first = "The period ended before it began; the days before its end are shown.", last - timedelta(days=DAYS - 1)
        elif (last - first).days >= MOST_DAYS:
            problem, first = f"One page shows {MOST_DAYS} days; the last of that period are shown.", last - timedelta(days=MOST_DAYS - 1)
    except (SettingWrong, OverflowError):
        problem, first, last = "A day is written like 2026-11-23; the last days are shown.", today - timedelta(days=DAYS - 1), today
    return Period(first, last, user if len(user) <= 100 and user.isprintable() else "", problem)


def days(lines: Iterable[dict[str, Any]], labels: dict[str, str]) -> list[Day]:
    """The lines by day and person, the latest day first; `labels`: pages by name."""
    found: dict[tuple[str, str], Day] = {}
    pages = {name: labels.get(catalogue.measure(name).definition.page, "every page") for name in catalogue.names()}
    for line in lines:
        moment, user = str(line.get("at", "")), str(line.get("user", NOBODY))
        if line["kind"] in ("started", "stopped", "pruned", "mended"):
            continue
        entry = found.setdefault((moment[:10], user), Day(moment[:10], user))
        entry.role = str(line.get("role", entry.role))
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
        page = "This log" if line.get("page") == NAME else str(line.get("page")).capitalize()
        entry.pages[page] = entry.pages.get(page, 0) + 1
        return f"looked at {page}", ""
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


def page(
    viewer: Viewer, navigation: dict[str, str], lines: Iterable[dict[str, Any]], people: Iterable[str], asked: Period, staying: Staying | None = None
) -> str:
    """The page as HTML; `people`: every user name of the period, `staying`: what a page knows of its reader's sign-in."""
    found = days(lines, navigation)
    return _template().substitute(
        title=TITLE,
        css=look.PAGE + look.LOG,
        navigation="".join(f'<a href="/{name}">{escape(label)}</a>' for name, label in navigation.items()),
        person=escape(viewer.name or viewer.role),
        sign_out=signed_in.sign_out(staying),
        signed_in=signed_in.script(staying),
        summary=escape(_summary(found, asked)),
        purpose=escape(PURPOSE),
        problem=f"<p class=alert role=alert>{escape(asked.problem)}</p>" if asked.problem else "",
        since=asked.since.isoformat(),
        until=asked.until.isoformat(),
        people="".join(f"<option{' selected' if name == asked.user else ''}>{escape(name)}</option>" for name in sorted(set(people))),
        days="".join(_of_day(day, [entry for entry in found if entry.day == day]) for day in dict.fromkeys(entry.day for entry in found)),
    )


def _summary(found: list[Day], asked: Period) -> str:
    when = f"from {look.day(asked.since.isoformat())} to {look.day(asked.until.isoformat())}"
    if not found:
        return f"Nothing is in the log {when}{f' of {asked.user}' if asked.user else ''}."
    people = len({entry.user for entry in found if entry.pages})
    exports, refused = sum(sum(entry.exports.values()) for entry in found), sum(entry.refused for entry in found)
    who = asked.user or f"{people} {'person' if people == 1 else 'people'}"
    counted = (f"{exports or 'no'} export{'' if exports == 1 else 's'}", f"{refused or 'no'} refusal{'' if refused == 1 else 's'}")
    return f"{when[0].upper() + when[1:]} {who if people else 'nobody'} looked at figures; {', '.join(counted)}."


def _of_day(day: str, entries: list[Day]) -> str:
    rows = "".join(_row(entry) for entry in entries)
    heads = "".join(f"<th scope=col>{label}</th>" for label in ("Who", "Signed in", "Looked at", "Exported", "Refused"))
    return (
        f"<section class=card aria-labelledby=day-{day}><h2 id=day-{day}>{look.day(day)}</h2>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _row(entry: Day) -> str:
    looked = "".join(
        f"<li>{escape(page)}{f' <span class=faint>{count} filter settings</span>' if count > 1 else ''}</li>" for page, count in entry.pages.items()
    )
    exported = "".join(f"<li>{escape(title)}{f' <span class=faint>{count} times</span>' if count > 1 else ''}</li>" for title, count in entry.exports.items())
    lines = "".join(
        f"<li><time>{moment}</time> {escape(what)}{f' <span class=faint>{escape(chosen)}</span>' if chosen else ''}</li>"
        for moment, what, chosen in entry.lines
    )
    more = "<li>… and more: <code>therapy-process audit show</code> lists all of it.</li>" if len(entry.lines) == MOST_LINES else ""
    cells = (
        ("Who", f"<span><b>{escape(entry.user)}</b> <span class=faint>{escape(entry.role)}</span></span>"),
        ("Signed in", str(entry.sign_ins or "–")),
        ("Looked at", f"<ul>{looked}</ul>" if looked else "–"),
        ("Exported", f"<ul>{exported}</ul>" if exported else "–"),
        ("Refused", f"<b class=refused>{entry.refused}</b>" if entry.refused else "–"),
    )
    told = "".join(f"<td data-label='{label}'>{cell}</td>" for label, cell in cells)
    whole = f"<details><summary>Line by line (UTC)</summary><ol class=lines>{lines}{more}</ol></details>"
    return f"<tr>{told}</tr><tr class=whole><td colspan=5>{whole}</td></tr>"


@cache
def _template() -> Template:
    return Template(resources.files("process.pages").joinpath("who_looked.html").read_text("utf-8"))
