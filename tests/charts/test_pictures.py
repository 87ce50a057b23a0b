"""A picture is the exported answer and nothing else: its numbers, what it withholds, what its file holds."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from functools import cache
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from tests import clinics
from tests.clinics import DIRECTOR

from process.access import ANALYST, Answer, Clinic, Cohort, Viewer
from process.access.disclosure.limits import FIGURES, THERAPISTS
from process.charts import CHARTS, leaving
from process.charts.layers import KINDS, filled
from process.charts.picture import FORMS, composed, picture, refusal
from process.errors import QuestionWrong
from process.measures import catalogue

SVG = "{http://www.w3.org/2000/svg}"
NEVER = {
    "fair_comparison_dropout": "figures that never leave",
    "fair_comparison_improvement": "figures that never leave",
    "attendance_over_time": "figures that never leave",
    "dropout_over_time": "figures that never leave",
}
OWN_PAGES = [name for page in ("goals", "alliance", "caseload") for name in catalogue.names(page) if name in CHARTS and name not in NEVER]
SO_FAR = ("session_gaps", "active_courses", "weekly_workload")


@pytest.fixture(scope="module")
def ask(records, busiest):
    several = tuple(clinics.therapists(records)[:4])
    viewers = {"director": DIRECTOR, "therapist": Viewer("tess", "therapist", busiest), "supervisor": Viewer("sol", "supervisor", supervises=several)}
    viewers["analyst"] = ANALYST
    return cache(lambda viewer, name: Clinic(records, viewers[viewer]).ask(name, Cohort(basis="so_far" if name in SO_FAR else "completed")))


def of_thousands(answer: Answer) -> Answer:
    """The answer of a clinic a thousand times as large, each count three more than a multiple of a thousand: none is withheld, none leaves as it is."""

    def enlarged(frame: pd.DataFrame) -> pd.DataFrame:
        kept = {*answer.definition.keys, *FIGURES, *THERAPISTS, "session", "since", "signal", "withheld"}
        counts = [name for name in frame.select_dtypes("number") if name not in kept]
        larger = {name: frame[name].astype(float).where(frame[name] == 0, frame[name] * 1000.0 + 3.0) for name in counts}
        return frame.assign(**larger, **{name: 12.0 for name in THERAPISTS if name in frame})

    return replace(answer, table=enlarged(answer.table), headlines=enlarged(answer.headlines), leaving=None)


def texts(svg: bytes) -> list[str]:
    return ["".join(part.itertext()) for part in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def marks(figure) -> dict[str, list]:
    """The artists of a picture's figure by the name of their layer."""
    found: dict[str, list] = {}
    for artist in figure.axes[0].get_children():
        found.setdefault(artist.get_gid() or "", []).append(artist)
    return found


def places(kind: str, artists: list) -> np.ndarray:
    """Where a layer's marks stand, in the figure's own units, row by row."""
    if kind == "line":
        (line,) = artists
        return np.asarray(line.get_xydata(), dtype=float)
    if kind == "text":
        return np.array([text.get_position()[1] for text in artists], dtype=float)
    (collection,) = artists
    if kind == "points":
        return np.asarray(collection.get_offsets(), dtype=float)
    paths = [path.vertices for path in collection.get_paths()]
    return np.concatenate(paths) if paths else np.zeros((0, 2))


def wanted(kind: str, columns: dict) -> np.ndarray:
    number = {name: np.asarray(values, dtype=float) for name, values in columns.items() if name not in ("colour", "tip", "text", "align")}
    if kind in ("line", "points"):
        found = np.stack([number["x"], number["y"]], axis=1)
        return found if kind == "line" else found[np.isfinite(found).all(axis=1)]
    if kind == "text":
        shown = [bool(str(text).strip()) for text in columns["text"]]
        return number["y"][np.array(shown) & np.isfinite(number["x"]) & np.isfinite(number["y"])]
    there = np.isfinite(sum(number.values()))
    x0, x1, y0, y1 = (number[name][there] for name in ("x0", "x1", "y0", "y1"))
    if kind == "rules":
        return np.stack([x0, y0, x1, y1], axis=1).reshape(-1, 2)
    return np.stack([x0, y0, x1, y0, x1, y1, x0, y1, x0, y0], axis=1).reshape(-1, 2)


@pytest.mark.parametrize("name", CHARTS)
def test_no_exact_count_is_in_a_picture_and_every_card_has_one_or_says_why(ask, name):
    exact = of_thousands(ask("analyst", name))

    if name in NEVER:
        assert NEVER[name] in leaving.none_because(exact.would_leave(), CHARTS[name])
        with pytest.raises(QuestionWrong, match="CSV"):
            picture(exact.exported("svg"), CHARTS[name], "svg")
        return
    assert leaving.none_because(exact.would_leave(), CHARTS[name]) == ""
    figure = composed(exact.exported("svg"), CHARTS[name])
    axes = figure.axes[0]
    said = [text.get_text() for text in (*figure.texts, *axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels())]
    counts = [int(token.replace(",", "")) for text in said for token in re.findall(r"\d{1,3}(?:,\d{3})+|\d{5,}", text) if "generation" not in text]
    assert counts and all(count % 5 == 0 for count in counts)
    assert any(count % 1000 == 5 for count in counts)  # three more than a thousand, as it leaves


@pytest.mark.parametrize("name", OWN_PAGES)
def test_a_picture_shows_the_numbers_of_the_exported_answer_and_none_of_the_exact_ones(ask, name):
    answer, chart = of_thousands(ask("analyst", name)), CHARTS[name]
    exported = answer.exported("png")
    figure, frame = composed(exported, chart), chart.frame(exported.as_answer())
    drawn = marks(figure)

    for layer in chart.layers:
        columns = filled(frame.layers.get(layer.name, {}), KINDS[layer.kind].needs)
        if layer.kind == "band":
            known = {round(float(value), 6) for edge in ("lower", "upper") for value in columns[edge] if np.isfinite(float(value))}
            assert {round(float(y), 6) for y in places("band", drawn[layer.name])[:, 1]} <= known | {0.0}
        elif layer.name in drawn:
            np.testing.assert_allclose(places(layer.kind, drawn[layer.name]), wanted(layer.kind, columns))
        else:
            assert not len(wanted(layer.kind, columns))

    values = [column for column in ("share", "mean", "estimate") if column in exported.table]
    left = {float(value) for column in values for value in exported.table[column].dropna()}
    exact = {float(value) for column in values for value in answer.table[column].dropna()} - left
    points = places("points", drawn["points"]) if "points" in drawn else np.zeros((0, 2))
    if exact and len(points):
        assert not exact & set(points.ravel().tolist())
    if any(layer.name == "line share" for layer in chart.layers):
        assert set(points[:, 1].tolist()) <= left and len(points) > 2


def test_the_path_of_an_svg_is_the_exported_curve(ask):
    exported = ask("director", "attainment_curve").exported("svg")
    root = ElementTree.fromstring(picture(exported, CHARTS["attainment_curve"], "svg"))

    path = next(part for part in root.iter(f"{SVG}g") if part.get("id") == "line share").find(f"{SVG}path").get("d")
    points = np.array(re.findall(r"[ML] (\S+) (\S+)", path), dtype=float)

    table = exported.table[exported.table["share"].notna() & (exported.table["courses"] >= 5)]
    scaled = np.polyfit(table["share"], points[:, 1], 1)  # one straight line, whatever the picture's height
    np.testing.assert_allclose(np.polyval(scaled, table["share"]), points[:, 1], atol=1e-3)
    exact = ask("director", "attainment_curve").table.set_index("session").loc[table["session"], "share"]
    assert np.abs(np.polyval(scaled, exact) - points[:, 1]).max() > 0.5


@pytest.mark.parametrize(("who", "name"), [("therapist", "attainment_curve"), ("supervisor", "alliance_by_session"), ("director", "attainment_by_problem")])
def test_a_picture_says_whose_it_is_what_is_withheld_and_how_it_is_rounded(ask, who, name):
    answer = ask(who, name)
    exported = answer.exported("svg")

    said = " ".join(texts(picture(exported, CHARTS[name], "svg")))

    assert answer.definition.question in said and "Rounded for export: counts to 5" in said
    for part in ("(simulated)", "data as of 2026-11-16", f"generation {answer.stamp.generation}", answer.stamp.viewer):
        assert part in said
    hidden = int(exported.table["withheld"].sum())
    assert (f"{hidden} of {len(exported.table)} figures" in said) == bool(hidden)
    if exported.benchmark is not None:
        assert f"Clinic's benchmark {exported.benchmark.quarter}" in said


def test_what_is_withheld_is_named_and_has_no_number(ask):
    answer = ask("analyst", "attainment_by_problem")
    table = of_thousands(answer).table
    few = table.index[:2]
    table.loc[few, ["goals", "courses"]] = 7.0, 7.0
    exported = replace(of_thousands(answer), table=table).exported("svg")
    names = table.loc[few, "problem"].str.replace("_", " ").tolist()

    said = texts(picture(exported, CHARTS["attainment_by_problem"], "svg"))

    assert exported.table.loc[few, "withheld"].all() and said.count("withheld") == len(few)
    assert any(all(name in text for name in names) and "2 of" in text for text in said)
    assert not [text for text in said if re.fullmatch(r"\d+ %  \(7\)", text)]


def test_nothing_of_the_screen_gets_into_a_picture(ask):
    answer = ask("director", "alliance_after_rupture")
    canary = "9876543"
    told = replace(answer, notes={name: int(canary) for name in answer.notes}, sql=canary, unseen=(canary,), names={canary: canary}, withheld=int(canary))

    one, other = (picture(each.exported("svg"), CHARTS[answer.name], "svg") for each in (answer, told))

    assert one == other and canary.encode() not in other


def test_an_svg_is_safe_to_open_and_says_nothing_of_where_it_was_made(ask):
    answer = ask("director", "endings")
    stamp = replace(answer.stamp, clinic="<script>alert(1)</script> & $\\frac{a}{b}$ 'Made up'")
    written = picture(replace(answer.exported("svg"), stamp=stamp), CHARTS["endings"], "svg")
    root = ElementTree.fromstring(written)

    assert "<script>alert(1)</script> & $\\frac{a}{b}$ 'Made up'" in " ".join(texts(written))
    assert {part.tag.removeprefix(SVG) for part in root.iter()} <= {"svg", "title", "defs", "style", "g", "path", "text", "tspan", "use", "clipPath", "rect"}
    for part in root.iter():
        for name, value in part.attrib.items():
            assert not name.lower().startswith("on") and (not name.endswith("href") or value.startswith("#")), (name, value)
    text = written.decode()
    assert not re.search(r"matplotlib|Date|<!--|<!DOCTYPE|metadata|/home|/work|\.py|url\((?!#)|@import", text, re.I)
    assert root.find(f"{SVG}title").text == answer.definition.question and root.get("role") == "img"


def test_a_png_holds_dots_and_nothing_else(ask):
    written = BytesIO(picture(ask("director", "endings").exported("png"), CHARTS["endings"], "png"))

    assert written.read(8) == b"\x89PNG\r\n\x1a\n"
    kinds = []
    while head := written.read(8):
        length, kind = struct.unpack(">I4s", head)
        body = written.read(length + 4)
        kinds.append(kind)
        if kind == b"IHDR":
            assert struct.unpack(">II", body[:8])[0] == 1520  # twice a card's width, to print well
    assert set(kinds) == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


@pytest.mark.parametrize("name", ["attainment_by_band", "alliance_between_within", "rupture_against_like_sessions", "weekly_workload", "therapy_lengths"])
def test_no_text_is_cut_by_the_edge(ask, name):
    figure = composed(ask("therapist" if name == "therapy_lengths" else "director", name).exported("png"), CHARTS[name])
    width, height = figure.get_size_inches() * 100
    figure.canvas.draw()  # an axis puts its own texts in place when it is drawn
    measure, axes = figure.canvas.get_renderer(), figure.axes[0]

    every = [*figure.texts, *axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label, axes.yaxis.label]
    for text in every:
        box = text.get_window_extent(measure)
        if text.get_text():
            assert box.x0 >= 0 and box.x1 <= width and box.y0 >= -0.5 and box.y1 <= height, text.get_text()


def test_a_file_of_another_form_is_refused_and_a_refusal_is_a_file(ask):
    with pytest.raises(QuestionWrong, match="png, svg"):
        picture(ask("director", "endings").exported("pdf"), CHARTS["endings"], "pdf")

    assert texts(refusal("Sign in again.", "svg")) == ["Nothing was exported.", "Sign in again."]
    assert all(refusal("Sign in again.", form) for form in FORMS)


@pytest.mark.parametrize("name", CHARTS)
def test_a_figure_of_an_empty_answer_is_blank(ask, name):
    answer = ask("analyst", name)
    empty = replace(answer, table=answer.table[:0], headlines=answer.headlines[:0])

    assert len(empty.figure()) == len(CHARTS[name].layers)
