"""Numbers in words: how sentences say a figure, its interval and its n. Everything here is HTML and holds nothing but numbers and our own words."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from process.access import Answer
from process.contract.tables import TABLES

LEAST_COURSES = 5
NOT_SHOWN = "not shown"
"""What stands in the place of what is withheld: too few, or it would tell a number of too few; which of them is not said, and the card says so once."""
"""A mean of fewer courses than this is noise and is not drawn (a choice of this product); the table has it."""

_NEXT = "Widen the length range or take a filter away."
TOO_FEW = f"Too few courses for this figure: at least 8 courses of 2 therapists are needed. {_NEXT}"
OWN_NONE = (
    f"Too few of your courses in this range have what this figure needs: at least {LEAST_COURSES} are drawn. Widen the length range or take a filter away."
)

_OF_THEM = OWN_NONE.replace("your courses", "these courses")


def too_few(answer: Answer) -> str:
    """Why there is nothing to draw where courses are too few: for whoever sees the clinic the rule, for whoever sees some therapists only what is drawn."""
    return OWN_NONE if answer.own else TOO_FEW if answer.scope is None else _OF_THEM


def called(answer: Answer, code: str, longest: int = 80) -> str:
    """What a therapist is called on the screen: the name in the table of people where there is one, else the code; never for an export. Not yet escaped."""
    name = answer.names.get(code, code)
    return name if len(name) <= longest else f"{name[: longest - 1]}\u2026"


def headline(answer: Answer, name: str) -> dict[str, Any] | None:
    """The headline of that name, None when it is not there, withheld or has no estimate."""
    if name not in answer.headlines.index:
        return None
    row = answer.headlines.loc[name].to_dict()
    if row.get("withheld") or not np.isfinite(row.get("estimate", 0.0)):
        return None
    return row


def interval(row: dict[str, Any], unit: str = "", digits: int = 1) -> str:
    """The 95 % interval in words, or why there is none."""
    if np.isfinite(row["lower"]) and np.isfinite(row["upper"]):
        return f"95 % interval {plain(row['lower'], digits)} to {plain(row['upper'], digits)}{unit}"
    return f"no interval: {html.escape(str(row.get('why') or 'too few'))}"


def plain(value: float, digits: int = 1, sign: bool = False) -> str:
    """A figure with a real minus, and a plus where the sign matters."""
    rounded = round(float(value), digits) + 0.0
    return f"{rounded:{'+' if sign and rounded else ''}.{digits}f}".replace("-", "\u2212")


def tip_interval(row: dict[str, Any], digits: int = 1) -> str:
    """The interval as the pointer reads it."""
    return f" ({plain(row['lower'], digits)} to {plain(row['upper'], digits)})" if np.isfinite(row["lower"]) else ""


def number(value: float, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 course`, `1,204 courses`; one that is withheld (NaN) says so, and not why: it is small, or it would tell a small one."""
    if np.isnan(value):
        return f"{many or one + 's'} (number not shown)"
    return f"{int(value):,} {one if int(value) == 1 else many or one + 's'}"


_SCORED = {
    "alliance_scores": "session and rater, with an alliance instrument such as the WAI-SR",
    "outcome_scores": "session, with an outcome instrument such as the PHQ-9 or the CORE-10",
}


def missing(answer: Answer) -> str:
    """What the clinic would have to record for this figure; empty when nothing is missing."""
    if not answer.missing:
        return ""
    rows = {name: TABLES[name].row if name in TABLES else _SCORED.get(name, _SCORED["alliance_scores"]) for name in answer.missing}
    tables = "; ".join(f"<b>{name.replace('_', ' ')}</b> (one row for each {row})" for name, row in rows.items())
    return f"These records have nothing to draw this from. To see it, record: {tables}. How: the page “Intake” of the documentation."


def unable(answer: Answer) -> str:
    """Why there is nothing to draw, in words; empty when there is something."""
    if answer.missing:
        return missing(answer)
    values = [name for name in answer.definition.values if name in answer.table and name not in ("lower", "upper")] or [
        name for name in answer.definition.counts if name in answer.table
    ]
    known = np.column_stack([answer.table[name].to_numpy(dtype=float) for name in values]) if len(answer.table) else np.zeros((0, 1))
    if {"session", "offset"} & set(answer.table):
        known = known[answer.table["courses"].to_numpy(dtype=float) >= LEAST_COURSES]
    return "" if np.isfinite(known).any() else too_few(answer)
