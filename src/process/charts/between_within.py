"""The alliance between and within courses: how course means lie around the clinic's mean, how sessions lie around their course's, on one scale."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.layers import TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import headline, interval, number, plain

PLACES = {"therapists": 2.6, "courses": 1.3, "sessions": 0.0}
_COLOURS = {"therapists": look.FAINT, "courses": look.BLUE, "sessions": look.GREEN}
_FLOOR, _TALL, _SAID = -0.13, 0.62, {"therapists": 0.3, "courses": 0.86, "sessions": 0.86}
_LEAST = 20.0


def _frame(answer: Answer) -> Frame:
    """A row for each part: a bar of one standard deviation to either side, above it the bands of course means (from the mean of all) and of sessions."""
    table = answer.table
    mean = headline(answer, "mean")
    bands: dict[str, list] = {name: [] for name in ("x0", "x1", "y0", "y1", "colour", "tip")}
    rules, texts, ends = [], [], [_LEAST]
    for part, place in PLACES.items():
        share, sd = headline(answer, f"{part}_share"), headline(answer, f"{part}_sd")
        if share is None or sd is None:
            texts.append((0.0, place + _SAID[part], "not told apart here", look.FAINT, "center"))
            continue
        limits = f" ({plain(share['lower'], 0)} to {plain(share['upper'], 0)})" if np.isfinite(share["lower"]) else ""
        said = f"{plain(share['estimate'], 0)} %{limits}, SD {plain(sd['estimate'])}"
        texts.append((0.0, place + _SAID[part], said, look.INK, "center"))
        rules.append((-sd["estimate"], place + _FLOOR, sd["estimate"], place + _FLOOR))
        ends.append(1.2 * sd["estimate"])
        here = table[(table["part"] == part) & (table["kind"] == "spread") & np.isfinite(table["estimate"].astype(float))]
        if mean is not None and len(here):
            _bars(bands, here, part, mean["estimate"] if part == "courses" else 0.0, answer)
    reach = max([*ends, *(abs(x) for x in (*bands["x0"], *bands["x1"]))])
    reach = float(np.ceil(reach / 10) * 10)
    step = 10.0 if reach <= 20 else 20.0
    ticks = {float(at): plain(at, 0, sign=True) if at else "mean" for at in np.arange(-(reach // step) * step, reach + 1, step)}
    columns = {
        "bands": {name: np.array(values, dtype=object if name in ("colour", "tip") else float) for name, values in bands.items()},
        "deviations": {name: np.array(values, dtype=float) for name, values in zip(("x0", "y0", "x1", "y1"), zip(*rules, strict=True), strict=True)}
        if rules
        else {},
        "text": as_columns(texts, TEXT),
    }
    rows = {place: part for part, place in PLACES.items()}
    return Frame(columns, Axis(-reach - 2, reach + 2, ticks), Axis(-0.4, 3.2, rows))


def _bars(bands: dict[str, list], here, part: str, middle: float, answer: Answer) -> None:
    width = float(answer.definition.parameter("band_width"))
    tallest = float(here["estimate"].max())
    noun = "courses" if part == "courses" else "sessions"
    for row in here.to_dict("records"):
        centre = float(row["place"]) - middle
        bands["x0"].append(centre - 0.46 * width)
        bands["x1"].append(centre + 0.46 * width)
        bands["y0"].append(PLACES[part])
        bands["y1"].append(PLACES[part] + _TALL * row["estimate"] / tallest)
        bands["colour"].append(_COLOURS[part])
        where = f"about {row['place']} of 100" if part == "courses" else f"about {plain(float(row['place']), 0, sign=True)} from the course's mean"
        bands["tip"].append(f"{noun} {where}: {plain(row['estimate'])} % · {number(row['courses'], 'course')}")


def _says(answer: Answer) -> str:
    courses, sessions, therapists = (headline(answer, f"{part}_share") for part in ("courses", "sessions", "therapists"))
    if courses is None or sessions is None:
        return "Too few courses with several scores to tell people and sessions apart."
    whose = "" if therapists is None else f" Therapists make up {plain(therapists['estimate'], 0)} % ({interval(therapists, ' %', 0)})."
    sd = headline(answer, "sessions_sd")
    usual = f" The usual distance of a session from its course's mean (SD) is {plain(sd['estimate'], 0)} points." if sd is not None else ""
    return (
        f"Of what makes patients' alliance scores differ, <b>{plain(courses['estimate'], 0)} % lies between courses</b> ({interval(courses, ' %', 0)}) and "
        f"<b>{plain(sessions['estimate'], 0)} % within them</b>, from session to session ({interval(sessions, ' %', 0)}; "
        f"{number(courses['courses'], 'course')})."
        f"{whose}{usual}"
    )


CHARTS = {
    "alliance_between_within": Chart(
        (
            Layer("boxes", "bands", {"line_alpha": 0, "alpha": 0.55}),
            Layer("rules", "deviations", {"line_width": 5, "color": look.INK}),
            Layer("text", "text"),
        ),
        _frame,
        _says,
        height=340,
        xlabel="points from the mean; dark bar: one SD",
        grid=False,
        describes="Three rows on one scale: how far therapists, courses and sessions lie from their means, with the share of the variance each makes up",
    ),
}
