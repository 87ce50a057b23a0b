"""Goals drawn: lanes of attainment levels, and the curve of the share at the expected level or better."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import beside, look
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
    clinic=True,
)


def _curve_tip(row: dict) -> str:
    who = f"{number(row['goals'], 'rated goal')} in {number(row['courses'], 'course')}"
    return f"session {row['session']:.0f}: {row['share']:.0f} %{tip_interval(row, 0)} · {who} · {number(row['still_in'], 'course')} still in therapy"


_CURVE = Reading("session", "share", "still_in", tip=_curve_tip)


def _curve_frame(answer: Answer) -> Frame:
    rows = drawn(answer.table, "share")
    return _PLAN.frame({"share": _CURVE.points(rows, "share")}, sessions_axis(rows["session"]), beside.line(answer))


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


_NAMED, _LETTER = 7.0, 0.0163
"""A name takes this much height (percent), and half a letter takes this part of a phone's width."""


def _lanes_frame(answer: Answer) -> Frame:
    table = answer.table[answer.table["share"].notna()]
    share, session, goals, total = (table[name].to_numpy(dtype=float) for name in ("share", "session", "goals", "goals_total"))
    level = table["level"].to_numpy(dtype=object)
    # The measure gives every session one row a level, in the order of the lanes.
    top = np.cumsum(share.reshape(-1, len(look.LEVEL_NAMES)), axis=1).ravel()
    tips = [
        f"session {at:.0f}: {height:.0f} % {look.LEVEL_NAMES[lane]} · {n:.0f} of {whole:.0f} goals"
        for at, height, lane, n, whole in zip(session, share, level, goals, total, strict=True)
    ]
    lanes = {
        "x0": session - 0.5,
        "x1": session + 0.5,
        "y0": top - share,
        "y1": top,
        "colour": np.array([look.LEVEL_FILLS[lane] for lane in level], dtype=object),
        "tip": np.array(tips, dtype=object),
    }
    x = sessions_axis(session)
    x = Axis(0.4, x.end - 0.2, x.ticks)
    texts = [(x.start, -8.0, "goals in the current set:", look.FAINT, "left")]
    totals = dict(zip(session, total, strict=True))
    texts += [(tick, -17.0, f"{totals[tick]:,.0f}", look.FAINT, "center") for tick in x.ticks if tick in totals and tick > 1]
    texts += _lane_names(session, share, level, top, x)
    y = Axis(-24, 101, {float(at): f"{at} %" for at in (0, 25, 50, 75, 100)})
    return Frame({"lanes": lanes, "text": as_columns(texts, TEXT)}, x, y)


def _lane_names(session: np.ndarray, share: np.ndarray, level: np.ndarray, top: np.ndarray, x: Axis) -> list[tuple]:
    """A lane is named where it is thickest, once, so that no lane needs a legend or its colour to be told; beside another name where it would run into it."""
    names: list[tuple] = []
    place = (session - x.start) / (x.end - x.start)
    for lane, name in look.LEVEL_NAMES.items():
        half = len(name) * _LETTER
        thick = (level == lane) & (share >= _NAMED)
        # Away from both ends by half its length; a lane that is thick near an end alone is named there all the same.
        for here in (np.flatnonzero(thick & (np.abs(place - 0.5) <= 0.5 - half)), np.flatnonzero(thick & (np.abs(place - 0.5) <= 0.32))):
            order = here[np.argsort(-share[here], kind="stable")]
            # In the middle of the lane, or at its upper or lower edge where another name stands beside the middle.
            spots = ((at, height) for at in order for height in (top[at] - share[at] / 2, top[at] - _NAMED / 2, top[at] - share[at] + _NAMED / 2))
            inside = np.clip(place, half, 1 - half)
            free = next(((at, height) for at, height in spots if _is_free(inside[at], height, half, names)), None)
            if free is not None:
                at, height = free
                side = "right" if inside[at] < place[at] else "left" if inside[at] > place[at] else "center"
                names.append((inside[at], height, name, half, {"right": x.end, "left": x.start, "center": session[at]}[side], side))
                break
    return [(at, height, name, look.INK, side) for _, height, name, _, at, side in names]


def _is_free(place: float, height: float, half: float, names: list[tuple]) -> bool:
    return all(abs(height - other[1]) >= _NAMED or abs(place - other[0]) >= half + other[3] for other in names)


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
