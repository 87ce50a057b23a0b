"""The lines of a log as they stand, by person, period and kind. Reading checks no seal: `checking.verify` does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from process.access.audit import lines, place
from process.errors import FileMissing, SettingWrong, did_you_mean


def day(text: str) -> date:
    """A day written like `2026-11-23`."""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise SettingWrong("A day is written like `2026-11-23`.") from None


def entries(folder: Path, user: str | None = None, since: date | None = None, until: date | None = None, kind: str | None = None) -> Iterator[dict[str, Any]]:
    """The lines that can be read, oldest first; days are UTC, both ends included."""
    if kind is not None and kind not in lines.KINDS:
        raise SettingWrong(f"`{kind[:40]}` is no kind of line. {did_you_mean(kind, lines.KINDS)}")
    if not (Path(folder) / place.ABOUT).is_file():
        raise FileMissing(f"{folder} holds no audit log. Name the folder of the server's log: `<STORE>-audit` unless the settings say otherwise.")
    first, last = since.isoformat() if since else "", until.isoformat() if until else "9999"
    for path in place.months(folder):
        if path.stem < first[:7] or path.stem > last[:7]:
            continue
        with open(path, "rb") as file:
            for text in file:
                if text.startswith(b'{"at":"') and not first <= text[7:17].decode("ascii", "replace") <= last:
                    continue  # most lines of a month are of another day; the day stands at the front
                facts = lines.read(text)
                if facts is None or not first <= str(facts.get("at"))[:10] <= last:
                    continue
                if (user is None or user in (facts.get("user"), facts.get("whom"))) and (kind is None or facts.get("kind") == kind):
                    yield facts


def said(line: dict[str, Any]) -> str:
    """What a line says beside when and who, in one line of words."""
    if line.get("kind") == "people":
        return changed(line)
    parts = []
    measures = line.get("measures")
    if isinstance(measures, dict):
        parts.append(", ".join(f"{name} ({rows})" for name, rows in measures.items()))
    parts += [str(line[name]) for name in ("page", "measure", "how", "why", "form") if name in line]
    if "rows" in line:
        parts.append(f"{line['rows']} rows")
    if isinstance(line.get("filter"), dict):
        parts.append(chosen(line["filter"]))
    parts += [f"{name} {line[name]}" for name in ("file", "through", "bytes") if name in line]
    parts += [f"after {line['moves']} other ranges"] if "moves" in line else []
    if "times" in line:
        parts.append(f"{line['times']} of them" if line.get("kind") == "mended" else f"and {line['times']} times more")
    return "; ".join(part for part in parts if part)


def changed(line: dict[str, Any]) -> str:
    """A change of the table of people in words: whom, what, what they see now and saw before, by whom."""
    parts = [f"{line.get('whom', '?')}: {line.get('change', '?')}"]
    parts += [f"{when} a {line[when]}, {verb} {_courses(line.get(verb))}" for when, verb in (("now", "sees"), ("before", "saw")) if when in line]
    parts += [str(line["why"])] if "why" in line else []
    return "; ".join(parts) + f"; by {line.get('by', '?')}" + (f", who was {line['sudo']}" if "sudo" in line else "")


def _courses(whose: Any) -> str:
    names = [str(name) for name in whose] if isinstance(whose, list) else []
    if names == ["the clinic"]:
        return "the clinic"
    own = ["their own courses"] if "their own" in names else []
    others = [name for name in names if name != "their own"]
    return " and ".join([*own, *([f"the courses of {', '.join(others)}"] if others else [])]) or "nothing"


def chosen(filters: dict[str, Any]) -> str:
    """A filter in words."""
    return ", ".join(f"{name} {' or '.join(value) if isinstance(value, list) else value}" for name, value in filters.items())
