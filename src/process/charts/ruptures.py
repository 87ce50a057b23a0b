"""Ruptures drawn: the alliance around them, the two contrasts, and the second by length of therapy."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Reading, drawn, offsets_axis
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import NOT_SHOWN, headline, interval, number, plain, tip_interval


def _offset_tip(names: dict[str, str], column: str, count: str) -> object:
    def tip(row: dict) -> str:
        change = f"{plain(row['mean'], sign=True)}{tip_interval(row)}"
        n = f"{int(row[count]):,} {count} · {number(row['courses'], 'course')}"
        return f"{names[row[column]]}, session {plain(row['offset'], 0, sign=True)}: {change} · {n}"

    return tip


AFTER = Plan(
    (Line("repaired", "repaired, by both", look.GREEN), Line("not_repaired", "not repaired", look.VERMILLION, "dashed")),
    counted="ruptures with a score",
    zero="own level",
    onset=True,
    step=5.0,
)
_AFTER = Reading("offset", "mean", "ruptures", "group", _offset_tip({"repaired": "repaired", "not_repaired": "not repaired"}, "group", "ruptures"))


def _after_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "mean", "offset")
    return AFTER.frame({line.key: _AFTER.points(rows, line.key) for line in AFTER.lines}, offsets_axis(-3, 6))


def _after_says(answer: Answer) -> str:
    share = headline(answer, "repaired_share")
    ruptures = answer.notes.get("ruptures", 0)
    reviewed = answer.notes.get("share_reviewed")
    looked = f" A rupture was looked for in {float(reviewed):.0f} % of attended sessions." if reviewed is not None else " Who looked for one is not recorded."
    if share is None:
        return f"{number(ruptures, 'rupture')} on record in these courses; too few to say how many were repaired.{looked}"
    return (
        f"Of {number(ruptures, 'recorded rupture')}, <b>{share['estimate']:.0f} % are repaired</b>: acknowledged by both and repaired "
        f"({interval(share, ' %', 0)}). The curves describe them; who is repaired is known only afterwards, so they are no comparison.{looked}"
    )


def _after_says_rounded(answer: Answer) -> str:
    """Without the notes: how often somebody looked for a rupture does not leave."""
    share = headline(answer, "repaired_share")
    if share is None:
        return "The curves describe recorded ruptures; too few to say how many were repaired."
    return (
        f"Of {number(share['ruptures'], 'recorded rupture')}, <b>{share['estimate']:.0f} % are repaired</b>: acknowledged by both and repaired "
        f"({interval(share, ' %', 0)}). The curves describe them; who is repaired is known only afterwards, so they are no comparison."
    )


LIKE = Plan(
    (Line("rupture", "after a rupture", look.VERMILLION), Line("like", "like sessions, no rupture", look.INK, "dotted")),
    counted="sessions with a score",
    zero="own level",
    onset=True,
    span=(0.55, 3.45, "compared here"),
    step=5.0,
)
_LIKE = Reading("offset", "mean", "sessions", "arm", _offset_tip({"rupture": "after a rupture", "like": "like sessions"}, "arm", "sessions"))


def _like_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "mean", "offset")
    return LIKE.frame({line.key: _LIKE.points(rows, line.key) for line in LIKE.lines}, offsets_axis(-3, 3))


def _whose(answer: Answer, row: dict) -> str:
    return "your courses only" if answer.own else number(row["compared_therapists"], "therapist")


def _like_says(answer: Answer) -> str:
    row = headline(answer, "difference")
    if row is None:
        return "Too few ruptures with like sessions beside them to compare."
    n = f"{int(row['matched']):,} of {number(row['ruptures'], 'rupture')} against {number(row['like_sessions'], 'like session')}, {_whose(answer, row)}"
    if not np.isfinite(row["lower"]):
        return f"There is <b>too little to tell</b> whether the alliance is lower after a rupture than after sessions that fell as far ({interval(row)}; {n})."
    if row["lower"] <= 0 <= row["upper"]:
        lead = "Over the next three sessions the alliance after a rupture is <b>not clearly different</b> from sessions that fell as far without one"
    else:
        side = "lower" if row["estimate"] < 0 else "higher"
        by = f"<b>{abs(row['estimate']):.1f} points {side}</b>"
        lead = f"Over the next three sessions the alliance after a rupture is {by} than after sessions that fell as far without one"
    return f"{lead} (difference {plain(row['estimate'], sign=True)}; {interval(row)}; {n})."


REPAIR = Plan(
    (Line("repaired", "repaired by +3", look.GREEN), Line("not_yet", "not yet repaired by +3", look.VERMILLION, "dashed")),
    counted="ruptures with a score",
    zero="own level",
    onset=True,
    span=(3.55, 6.45, "compared here"),
    step=5.0,
)
_REPAIR = Reading("offset", "mean", "sessions", "arm", _offset_tip({"repaired": "repaired by +3", "not_yet": "not yet repaired"}, "arm", "sessions"))


def _repair_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "mean", "offset")
    return REPAIR.frame({line.key: _REPAIR.points(rows, line.key) for line in REPAIR.lines}, offsets_axis(-3, 6))


def _repair_says(answer: Answer) -> str:
    row = headline(answer, "difference")
    if row is None:
        return "Too few ruptures on either side to compare repaired with not yet repaired."
    ever = answer.notes.get("ruptures")
    of = f" of {ever:,} after which therapy went on for three sessions" if ever else ""
    n = f"{number(row['matched'], 'rupture')} repaired and {int(row['not_yet']):,} not yet{of}, {_whose(answer, row)}"
    if not np.isfinite(row["lower"]):
        return f"There is <b>too little to tell</b> whether the alliance stands better where a rupture has been repaired ({interval(row)}; {n})."
    if row["lower"] <= 0 <= row["upper"]:
        lead = "Where both had repaired it within three sessions, the next three are <b>not clearly different</b> from where it was still open"
    else:
        side = "higher" if row["estimate"] > 0 else "lower"
        by = f"<b>{abs(row['estimate']):.1f} points {side}</b>"
        lead = f"Where both had repaired it within three sessions, the next three are rated {by} than where it was still open"
    return f"{lead}, at a similar fall and length to date (difference {plain(row['estimate'], sign=True)}; {interval(row)}; {n})."


def _by_length_frame(answer: Answer) -> Frame:
    table = answer.table.reset_index(drop=True)
    place = np.arange(len(table), dtype=float)
    estimate, lower, upper = (table[name].to_numpy(dtype=float) for name in ("estimate", "lower", "upper"))
    shown = np.isfinite(lower)  # a difference without an interval is not shown as one
    drawn = np.concatenate([lower[shown], upper[shown], [-5.0, 5.0]])
    low, high = (float(edge) for edge in (np.floor(np.nanmin(drawn) / 5) * 5, np.ceil(np.nanmax(drawn) / 5) * 5))
    row = (high - low) * 0.09
    texts = [
        (at + 0.07, y, plain(y, sign=True), look.INK, "left") if ok else (at, row * 0.7, "too few", look.FAINT, "center")
        for at, y, ok in zip(place, estimate, shown, strict=True)
    ]
    texts.append((-0.6, low - row * 0.9, "ruptures repaired, and not yet:", look.FAINT, "left"))
    for at, repaired, not_yet in zip(place, table["repaired"], table["not_yet"], strict=True):
        n = NOT_SHOWN if np.isnan(repaired) else f"{int(repaired):,} and {int(not_yet):,}"
        texts.append((at, low - row * 1.9, n, look.FAINT, "center"))
    tips = np.array([f"{name} sessions to date: {plain(y, sign=True)}" for name, y in zip(table["length_to_date"], estimate, strict=True)], dtype=object)
    layers = {
        "zero": {"x0": [-0.6], "x1": [len(table) - 0.4], "y0": [0.0], "y1": [0.0]},
        "whiskers": {"x0": place[shown], "x1": place[shown], "y0": lower[shown], "y1": upper[shown]},
        "points": {
            "x": place[shown],
            "y": estimate[shown],
            "colour": np.full(shown.sum(), look.GREEN, dtype=object),
            "tip": tips[shown],
        },
        "text": as_columns(texts, TEXT),
    }
    x = Axis(-0.6, len(table) - 0.4, dict(zip(place.tolist(), table["length_to_date"].str.replace("-", "–"), strict=True)))
    ticks = {float(at): "no difference" if at == 0 else plain(at, 0, sign=True) for at in np.arange(low, high + 1, 5)}
    return Frame(layers, x, Axis(low - row * 2.6, high + row * 0.3, ticks))


def _by_length_lacks(answer: Answer) -> str:
    there = np.isfinite(answer.table["lower"].to_numpy(dtype=float)).any()
    return "" if there else "Too few ruptures in any band of length to compare repaired with not yet repaired. Widen the length range or take a filter away."


def _by_length_says(answer: Answer) -> str:
    said = []
    for row in answer.table[np.isfinite(answer.table["lower"].astype(float))].to_dict("records"):
        clear = not row["lower"] <= 0 <= row["upper"]
        difference = plain(row["estimate"], sign=True)
        what = f"<b>{difference} points</b>" if clear else f"{difference}, not clearly different,"
        n = f"{int(row['repaired'])} and {int(row['not_yet'])} ruptures"
        said.append(f"at {row['length_to_date'].replace('-', '–')} sessions to date {what} ({interval(row)}; {n})")
    return f"Repaired by the third session after, against not yet: {'; '.join(said)}. The bands are not compared with each other."


_AROUND = "attended sessions before and after the rupture"
_DOTS = (
    Layer("rules", "zero"),
    Layer("rules", "whiskers", {"color": look.GREEN, "line_width": 3, "line_alpha": 0.5}),
    Layer("points", "points", {"size": 10}),
    Layer("text", "text"),
)
_CHANGE = "points from own level"

CHARTS = {
    "alliance_after_rupture": Chart(
        AFTER.layers(),
        _after_frame,
        _after_says,
        height=360,
        xlabel=_AROUND,
        ylabel=_CHANGE,
        wide=True,
        says_rounded=_after_says_rounded,
        describes="Two curves around a rupture: change from own level, repaired and not repaired",
    ),
    "rupture_against_like_sessions": Chart(
        LIKE.layers(),
        _like_frame,
        _like_says,
        height=340,
        xlabel=_AROUND,
        ylabel=_CHANGE,
        describes="Two curves: after a rupture, and like sessions without one",
    ),
    "repaired_against_not_yet": Chart(
        REPAIR.layers(),
        _repair_frame,
        _repair_says,
        height=340,
        xlabel=_AROUND,
        ylabel=_CHANGE,
        describes="Two curves: ruptures repaired by the third session after, and not yet repaired",
    ),
    "repair_by_length": Chart(
        _DOTS,
        _by_length_frame,
        _by_length_says,
        height=340,
        xlabel="attended sessions to date, three sessions after the rupture",
        ylabel="points, repaired minus not yet",
        lacks=_by_length_lacks,
        wide=True,
        describes="One point for each band of length: difference between repaired and not yet repaired, with 95 % interval",
    ),
}
