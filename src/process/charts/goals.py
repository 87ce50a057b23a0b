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
    (Line("share", "as expected or better", look.GREEN),),
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
    now = headline(answer, "typical")
    if now is None:
        return "The share of goals reached is drawn where enough courses are left."
    n = f"{number(now['goals'], 'rated goal')} of the current set, {number(now['courses'], 'course')}"
    whose = answer.notes.get("rated_by_patient")
    rated = f" The patient's own rating in {whose:.0f} % of them." if whose is not None else ""
    return (
        f"In session {now['session']:.0f}, <b>{now['estimate']:.0f} % of rated goals are as expected or better</b> ({interval(now, ' %', 0)}; {n}). "
        f"{_closed(answer)}{rated}"
    )


def _closed(answer: Answer) -> str:
    """Every goal ever agreed is the other total: what was reached and closed is no longer in the current set."""
    ever, reached = answer.notes.get("gas_goals"), answer.notes.get("reached_goals")
    if not ever or reached is None:
        return ""
    gone = [f"{answer.notes[f'{fate}_goals']:,} {fate}" for fate in ("replaced", "dropped") if answer.notes.get(f"{fate}_goals")]
    return (
        f"Of {number(ever, 'goal')} ever agreed, {reached:,} were closed as reached"
        + (f", {' and '.join(gone)}" if gone else "")
        + "; these have left the set."
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
    rows = [(x.start, -8.0, "goals in the current set:", look.FAINT, "left")]
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
    now = headline(answer, "typical")
    rows = answer.table[answer.table["session"] == (now["session"] if now else -1)].set_index("level")
    if now is None or not len(rows) or rows["share"].isna().any():
        return "Levels are drawn where enough courses are left."
    shares = rows["share"].to_dict()
    expected = sum(shares.get(level, 0.0) for level in ("0", "1", "2"))
    less = sum(shares.get(level, 0.0) for level in ("-2", "-1"))
    left_out = answer.notes.get("gbo_goals", 0)
    other = f" {number(left_out, 'goal')} on the 0–10 scale are not mixed in." if left_out else ""
    return (
        f"Of {number(rows['goals_total'].iloc[0], 'goal')} in the current set in session {now['session']:.0f}, "
        f"<b>{expected:.0f} % are as expected or better</b>, "
        f"{less:.0f} % are less than expected and {shares.get('not_rated', 0.0):.0f} % have not been rated lately "
        f"({number(rows['courses'].iloc[0], 'course')}).{other}"
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
