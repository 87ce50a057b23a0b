"""An answer as a table: what a screen reader reads instead of the canvas, and what the eye checks a curve against."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd

from process.access import Answer
from process.charts import look
from process.measures.definition import Parameter

TITLES = {
    "session": "session",
    "level": "level",
    "share": "%",
    "lower": "95 % from",
    "upper": "95 % to",
    "goals": "goals",
    "goals_total": "goals in all",
    "courses": "courses",
    "therapists": "therapists",
    "still_in": "still in therapy",
    "why": "no interval because",
    "rater": "rated by",
    "mean": "mean",
    "scores": "scores",
    "offset": "sessions from rupture",
    "group": "ruptures that are",
    "arm": "which sessions",
    "ruptures": "ruptures",
    "sessions": "sessions",
    "week": "week of",
    "therapist_id": "therapist",
    "active": "active courses",
    "length": "sessions",
    "ending": "ending",
    "length_to_date": "sessions to date",
    "estimate": "difference",
    "repaired": "repaired",
    "not_yet": "not yet",
    "courses_total": "courses in all",
}
_WORDS = look.LEVEL_NAMES | look.ENDING_NAMES
_CELLS = {
    "repaired": "repaired",
    "not_repaired": "not repaired",
    "not_yet": "not yet repaired",
    "rupture": "after a rupture",
    "like": "like sessions",
}


def as_table(answer: Answer) -> str:
    """The answer's table as HTML; withheld rows say so."""
    table = answer.table
    if "therapist_id" in table and table.loc[table["therapist_id"] != "", "withheld"].any():
        table = table[table["therapist_id"] == ""]  # therapists are shown apart without filters only
    columns = [name for name in table.columns if name not in ("withheld", "df") and not (name == "why" and not table["why"].astype(str).str.strip().any())]
    if "active" in columns:
        columns = [name for name in columns if name not in ("courses", "therapists")]
    head = "".join(f"<th scope=col>{TITLES.get(name, name.replace('_', ' '))}</th>" for name in columns)
    rows = []
    for row in table.to_dict("records"):
        cells = "".join(f"<td>{_cell(name, row[name], bool(row.get('withheld')))}</td>" for name in columns)
        rows.append(f"<tr>{cells}</tr>")
    caption = html.escape(f"{answer.definition.title} · {answer.stamp}")
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(name: str, value: Any, withheld: bool) -> str:
    if name in ("level", "ending"):
        return html.escape(_WORDS.get(str(value), str(value)))
    if name == "therapist_id":
        return html.escape(str(value)) or "all"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, str):
        return html.escape(_CELLS.get(value, value))
    if value is None or pd.isna(value):
        return "fewer than 8" if withheld else "–"
    if name in ("share", "lower", "upper", "mean", "estimate"):
        return f"{value:.1f}"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.1f}"


def _parameter(entry: Parameter) -> str:
    convention = " (convention)" if entry.convention else ""
    return f"<li>{html.escape(entry.name.replace('_', ' '))}: {html.escape(str(entry.value))}. {html.escape(entry.source)}{convention}</li>"


def about(answer: Answer) -> str:
    """The reviewed definition as HTML: what, why, what it cannot tell, parameters with their sources, the SQL that ran."""
    definition = answer.definition
    numbers = "".join(_parameter(entry) for entry in definition.parameters)
    sources = "".join(f"<li>{html.escape(source)}</li>" for source in definition.sources)
    return (
        f"<h3>{html.escape(definition.title)}</h3><p>{html.escape(definition.what)}</p><h4>Why it matters</h4><p>{html.escape(definition.why)}</p>"
        f"<h4>What it cannot tell you</h4><p>{html.escape(definition.cannot_tell)}</p>"
        + (f"<h4>Numbers it rests on</h4><ul>{numbers}</ul>" if numbers else "")
        + (f"<h4>Sources</h4><ul>{sources}</ul>" if sources else "")
        + f"<p>Version {definition.version} · reviewed {definition.reviewed:%d %B %Y} · next review {definition.next_review:%d %B %Y}</p>"
        f"<p>{html.escape(str(answer.stamp))}</p>"
        f"<details><summary>The query</summary><pre>{html.escape(answer.sql)}</pre></details>"
    )
