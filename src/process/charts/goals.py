"""Goals drawn: lanes of attainment levels, and the curve of the share at the expected level or better."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Reading, drawn, sessions_axis
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import headline, interval, number, tip_interval

_PLAN = Plan(
    (Line("share", "as hoped or better", look.GREEN),),
    counted="courses still in therapy",
    floor=0.0,
    ceiling=100.0,
    shared_count=True,
)


def _curve_tip(row: dict) -> str:
    who = f"{number(row['goals'], 'rated goal')} in {number(row['courses'], 'course')}"
    return f"session {row['session']:.0f}: {row['share']:.0f} %{tip_interval(row, 0)} · {who} · {number(row['still_in'], 'course')} still in therapy"


_CURVE = Reading("session", "share", "still_in", tip=_curve_tip)


def _curve_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "share")
    return _PLAN.frame({"share": _CURVE.points(rows, "share")}, sessions_axis(rows))


def _curve_says(answer: Answer) -> str:
    now, first = headline(answer, "typical"), headline(answer, "first")
    if now is None:
        return "The share of goals reached is drawn where enough courses are left."
    start = f" (from {first['estimate']:.0f} % in session {first['session']:.0f})" if first and first["session"] < now["session"] else ""
    n = f"{number(now['goals'], 'goal')}, {number(now['courses'], 'course')}"
    return (
        f"In session {now['session']:.0f}, <b>{now['estimate']:.0f} % of rated goals are where patients hoped or beyond</b>{start}; "
        f"{interval(now, ' %', 0)}, {n}. Half of these courses come this far."
    )


def _lanes_frame(answer: Answer) -> Frame:
    rows = answer.table[answer.table["share"].notna()]
    levels = list(look.LEVEL_NAMES)
    order = rows.assign(place=rows["level"].map(levels.index)).sort_values(["session", "place"])
    top = order.groupby("session")["share"].cumsum().to_numpy(dtype=float)
    session = order["session"].to_numpy(dtype=float)
    tips = [
        f"session {row.session}: {row.share:.0f} % {look.LEVEL_NAMES[row.level]} · {int(row.goals)} of {int(row.goals_total)} goals"
        for row in order.itertuples()
    ]
    lanes = {
        "x0": session - 0.5,
        "x1": session + 0.5,
        "y0": top - order["share"].to_numpy(dtype=float),
        "y1": top,
        "colour": order["level"].map(look.LEVEL_FILLS).to_numpy(dtype=object),
        "tip": np.array(tips, dtype=object),
    }
    x = sessions_axis(rows)
    x = Axis(0.4, x.end - 0.2, x.ticks)
    return Frame({"lanes": lanes, "text": _lanes_text(order, top, x)}, x, Axis(-24, 101, {float(share): f"{share} %" for share in (0, 25, 50, 75, 100)}))


def _lanes_text(order, top: np.ndarray, x: Axis) -> dict[str, np.ndarray]:
    rows = [(x.start, -8.0, "goals under review:", look.FAINT, "left")]
    totals = order.groupby("session")["goals_total"].first()
    rows += [(tick, -17.0, f"{int(totals[int(tick)]):,}", look.FAINT, "center") for tick in x.ticks if int(tick) in totals.index]
    # A lane is named where it is thickest, once, so that no lane needs a legend or its colour to be told.
    for level, name in look.LEVEL_NAMES.items():
        own = order["level"].to_numpy() == level
        middle = own & (order["session"].to_numpy() > x.end * 0.18) & (order["session"].to_numpy() < x.end * 0.82)
        if not middle.any():
            continue
        share = np.where(middle, order["share"].to_numpy(dtype=float), -1)
        place = int(share.argmax())
        if share[place] >= 7:
            colour = "white" if level == "2" else look.INK
            rows.append((float(order["session"].iloc[place]), float(top[place] - share[place] / 2), name, colour, "center"))
    return as_columns(rows, TEXT)


def _lanes_says(answer: Answer) -> str:
    rows = answer.table[answer.table["share"].notna()]
    reached = rows.groupby("session")["courses"].first()
    session = int(reached[reached >= reached.max() / 2].index.max())
    row = rows[rows["session"] == session].set_index("level")
    hoped = row.loc[[level for level in ("0", "1", "2") if level in row.index], "share"].sum()
    below = row.loc[[level for level in ("-2", "-1") if level in row.index], "share"].sum()
    unrated = row["share"].get("not_rated", 0.0)
    left_out = answer.notes.get("gbo_goals", 0)
    other = f" {number(left_out, 'goal')} on the 0–10 scale are not mixed in." if left_out else ""
    return (
        f"Of {number(row['goals_total'].iloc[0], 'goal')} under review in session {session}, <b>{hoped:.0f} % are as hoped or better</b>, {below:.0f} % are "
        f"less than hoped and {unrated:.0f} % have not been rated lately ({number(row['courses'].iloc[0], 'course')}).{other}"
    )


CHARTS = {
    "attainment_levels": Chart(
        (Layer("boxes", "lanes", {"line_alpha": 0}), Layer("text", "text")),
        _lanes_frame,
        _lanes_says,
        height=360,
        xlabel="attended session",
        wide=True,
        describes="Stacked lanes: share of goals at each attainment level by attended session",
    ),
    "attainment_curve": Chart(
        _PLAN.layers(),
        _curve_frame,
        _curve_says,
        height=320,
        xlabel="attended session",
        ylabel="% of rated goals",
        wide=True,
        describes="Curve: share of rated goals at the expected level or better by attended session, with 95 % band",
    ),
}
