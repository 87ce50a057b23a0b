"""What is on record of ruptures, drawn as rows: where somebody looked, kinds, who noticed them, how strong they were, whether they recur."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from process.access import Answer
from process.charts import look, rows
from process.charts import rupture_words as words
from process.charts.chart import Chart
from process.charts.layers import Frame
from process.charts.words import headline, interval, number

_SOME = "Too few recorded ruptures in this range to describe them."


def drawn_rows(names: dict[str, str], count: str, noun: str, colour: str = look.BLUE) -> Callable[[Answer], Frame]:
    """A frame of one row a group, in the table's order."""

    def frame(answer: Answer) -> Frame:
        key = answer.definition.keys[0]
        found = [
            rows.Row(names.get(row[key], row[key]), row["share"], row["lower"], row["upper"], row[count], colour) for row in answer.table.to_dict("records")
        ]
        return rows.frame(found, noun)

    return frame


def largest(answer: Answer, names: dict[str, str], many: int = 2) -> str:
    """The largest shares in words, with their intervals."""
    key = answer.definition.keys[0]
    known = answer.table[np.isfinite(answer.table["share"].astype(float))].sort_values("share", ascending=False, kind="stable")
    said = [
        f"<b>{row['share']:.0f} %</b> {names.get(row[key], row[key])} ({interval(row, ' %', 0)})" for row in known.head(many).to_dict("records") if row["share"]
    ]
    return "; ".join(said)


def _total(answer: Answer) -> float:
    total = headline(answer, "all")
    return float(total["ruptures"]) if total is not None else float("nan")


def _says(names: dict[str, str], lead: str, after: str = "") -> Callable[[Answer], str]:
    def says(answer: Answer) -> str:
        said, total = largest(answer, names), _total(answer)
        return f"Of {number(total, 'recorded rupture')}, {lead} {said}.{after}" if said and np.isfinite(total) else _SOME

    return says


def _review_says(answer: Answer) -> str:
    looked, found = headline(answer, "looked"), headline(answer, "found")
    if looked is None:
        known = answer.table.set_index("looked")
        if list(known.index) == ["not_recorded"]:
            return f"Whether anybody looked for a rupture <b>was not recorded</b> in these {number(answer.n, 'course')}; no interval: nothing recorded."
        return "Too few sessions in this range to say how often somebody looked."
    rate = (
        f" Of {number(found['sessions_total'], 'session')} in which somebody looked, <b>{found['estimate']:.1f} in 100</b> have a rupture on record "
        f"({interval(found, ' in 100')})."
        if found is not None
        else ""
    )
    return (
        f"Somebody looked for a rupture in <b>{looked['estimate']:.0f} % of attended sessions</b> of {number(looked['courses'], 'course')} "
        f"({interval(looked, ' %', 0)}); where nobody looked, there is neither a rupture nor none.{rate}"
    )


def _recurring_says(answer: Answer) -> str:
    total = headline(answer, "all")
    known = answer.table.set_index("recurrence").to_dict("index")
    said = [
        f"<b>{known[name]['share']:.0f} %</b> {text} ({interval(known[name], ' %', 0)})"
        for name, text in (("three_or_more", "have three or more"), ("same_theme", "have the same coded theme twice"), ("one", "have one"))
        if name in known and np.isfinite(known[name]["share"])
    ]
    return f"Of {number(total['courses'], 'course')} with a recorded rupture, {'; '.join(said)}." if said and total is not None else _SOME


CHARTS = {
    "rupture_review": Chart(
        rows.layers(look.BLUE),
        drawn_rows(words.LOOKED, "sessions", "session"),
        _review_says,
        height=230,
        describes="Share of attended sessions by whether somebody looked for a rupture and found one, with 95 % intervals",
    ),
    "rupture_kinds": Chart(
        rows.layers(look.BLUE),
        drawn_rows(words.MOVES, "ruptures", "rupture"),
        _says(words.MOVES, "the two largest groups are", " The word after the kind says whose move it was."),
        height=360,
        describes="Share of recorded ruptures by kind and by whose move they were, with 95 % intervals",
    ),
    "rupture_noticed_by": Chart(
        rows.layers(look.BLUE),
        drawn_rows(words.NOTICERS, "ruptures", "rupture"),
        _says({name: f"by {text}" for name, text in words.NOTICERS.items()}, "most were noticed"),
        height=230,
        describes="Share of recorded ruptures by who noticed them, with 95 % intervals",
    ),
    "rupture_intensity": Chart(
        rows.layers(look.BLUE),
        drawn_rows(words.INTENSITIES, "ruptures", "rupture"),
        _says(
            {name: f"at level {text}" for name, text in words.INTENSITIES.items()} | {"not_recorded": "without a recorded intensity"},
            "the two largest groups are",
        ),
        height=280,
        describes="Share of recorded ruptures by intensity, with 95 % intervals",
    ),
    "recurring_ruptures": Chart(
        rows.layers(look.BLUE),
        drawn_rows(words.RECURRENCE, "courses", "course"),
        _recurring_says,
        height=230,
        describes="Share of courses with a recorded rupture by whether ruptures recur, with 95 % intervals",
    ),
}
