"""The directors' page on the audit log: by day and person, what was looked at, exported, refused, and changed. No value is in the log or here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Any

from process.access import Viewer
from process.access.audit import reading
from process.errors import SettingWrong
from process.pages import look, signed_in
from process.pages.log_days import LOG, MOST_LINES, Day, days
from process.pages.session import Staying

NAME = LOG
TITLE = "Who looked at what?"
DAYS = 7
"""Days that the page begins with."""
MOST_DAYS = 93
"""Days that one page shows at most: a quarter; the command `therapy-process audit show` knows no bound."""
PURPOSE = (
    "The log says who looked at which figures, with which filter, and never what they showed. It is kept so that patients' records are looked at for a reason; "
    "it says nothing about how well or how much anybody works."
)


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
    changes = sum(len(entry.changes) for entry in found)
    who = asked.user or f"{people} {'person' if people == 1 else 'people'}"
    told = f" Who sees what was changed {'once' if changes == 1 else f'{changes} times'}." if changes else ""
    counted = (f"{exports or 'no'} export{'' if exports == 1 else 's'}", f"{refused or 'no'} refusal{'' if refused == 1 else 's'}")
    return f"{when[0].upper() + when[1:]} {who if people else 'nobody'} looked at figures; {', '.join(counted)}.{told}"


def _of_day(day: str, entries: list[Day]) -> str:
    rows = "".join(_row(entry) for entry in entries)
    heads = "".join(f"<th scope=col>{label}</th>" for label in ("Who", "Signed in", "Looked at", "Exported", "Refused", "Changed"))
    return (
        f"<section class=card aria-labelledby=day-{day}><h2 id=day-{day}>{look.day(day)}</h2>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _row(entry: Day) -> str:
    looked = "".join(
        f"<li>{escape(page)}{f' <span class=faint>{count} filter settings</span>' if count > 1 else ''}</li>" for page, count in entry.pages.items()
    )
    exported = "".join(f"<li>{escape(title)}{f' <span class=faint>{count} times</span>' if count > 1 else ''}</li>" for title, count in entry.exports.items())
    changed = "".join(f"<li>{escape(what)}</li>" for what in entry.changes[:MOST_LINES])
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
        ("Changed", f"<ul>{changed}</ul>" if changed else "–"),
    )
    told = "".join(f"<td data-label='{label}'>{cell}</td>" for label, cell in cells)
    whole = f"<details><summary>Line by line (UTC)</summary><ol class=lines>{lines}{more}</ol></details>"
    return f"<tr>{told}</tr><tr class=whole><td colspan=6>{whole}</td></tr>"


@cache
def _template() -> Template:
    return Template(resources.files("process.pages").joinpath("who_looked.html").read_text("utf-8"))
