"""The columns that each kind of layer is given are those HoloViews itself makes of the same numbers."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pytest
from bokeh.core.property.vectorization import Field
from bokeh.document import Document
from bokeh.io.doc import patch_curdoc
from bokeh.models import HoverTool

from process.charts.drawing import TEXT_ROWS, Drawing, compose
from process.charts.layers import BLANK, KINDS, Axis, Frame, Layer, outline

NAN = np.nan
NUMBERS = {
    "line": {"x": np.array([1.0, 2, 3, 5]), "y": np.array([3.0, NAN, 4, 6])},
    "band": {"x": np.array([1.0, 2, 3]), "lower": np.array([1.0, 2, 3]), "upper": np.array([3.0, 5, 4])},
    "points": {
        "x": np.array([1.0, 2, 3]),
        "y": np.array([3.0, 2, 4]),
        "colour": np.array(["#0072b2", "#00795c", "#0072b2"]),
        "tip": np.array(["a", "b", "c"]),
    },
    "text": {
        "x": np.array([1.0, 2]),
        "y": np.array([3.0, 2]),
        "text": np.array(["12", "half"]),
        "colour": np.array(["#0072b2", "#00795c"]),
        "align": np.array(["left", "center"]),
    },
    "rules": {"x0": np.array([1.0, 2]), "y0": np.array([0.0, 0]), "x1": np.array([1.0, 3]), "y1": np.array([4.0, 5])},
    "boxes": {
        "x0": np.array([0.5, 1.5]),
        "y0": np.array([0.0, 0]),
        "x1": np.array([1.5, 2.5]),
        "y1": np.array([4.0, 5]),
        "colour": np.array(["#0072b2", "#00795c"]),
        "tip": np.array(["a", "b"]),
    },
}
X, Y = Axis(0.0, 6.0, {1.0: "1", 5.0: "5"}), Axis(0.0, 8.0, {0.0: "0", 4.0: "4"})


def frame(kind: str, columns: dict) -> Frame:
    return Frame({"layer": columns}, X, Y)


def made_by_holoviews(kind: str, columns: dict) -> dict:
    apart = Document()
    with patch_curdoc(apart):  # whatever document other tests have left behind
        plot = hv.renderer("bokeh").get_plot(compose((Layer(kind, "layer"),), frame(kind, columns), 300))
    (part,) = plot.subplots.values()
    return part.handles["cds"].data


def assert_same(one: dict, other: dict) -> None:
    assert set(one) == set(other)
    for name, values in one.items():
        np.testing.assert_array_equal(np.asarray(values), np.asarray(other[name]), err_msg=name)


def read_by(drawing: Drawing) -> set[str]:
    """The columns that the glyphs and the pointer of a figure read."""
    glyphs = [glyph for renderer in drawing.figure.renderers for glyph in (renderer.glyph, renderer.nonselection_glyph, renderer.muted_glyph) if glyph]
    values = [value for glyph in glyphs for value in glyph.properties_with_values().values()]
    tips = [tool.tooltips for tool in drawing.figure.select({"type": HoverTool})]
    return {value.field for value in values if isinstance(value, Field)} | {str(tip).strip("@{}") for tip in tips if tip}


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_layer_has_the_columns_that_holoviews_gives_the_same_numbers(kind):
    """Not all of them: those that a glyph or the pointer reads, so that a moved range sends nothing for nobody."""
    theirs = made_by_holoviews(kind, NUMBERS[kind])
    drawing = Drawing((Layer(kind, "layer"),), frame(kind, NUMBERS[kind]), 300)
    ours = dict(drawing.sources["layer"].data)

    assert set(ours) == read_by(drawing)
    if kind == "text":  # kept at one number of rows, the surplus ones empty
        assert len(ours["text"]) == TEXT_ROWS and set(ours["text"][len(theirs["text"]) :]) == {""}
        ours = {name: values[: len(theirs["text"])] for name, values in ours.items()}
    assert_same(ours, {name: theirs[name] for name in ours})


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_figure_made_blank_and_then_updated_is_the_figure_composed_at_once(kind):
    late, at_once = Drawing((Layer(kind, "layer"),), BLANK, 300), Drawing((Layer(kind, "layer"),), frame(kind, NUMBERS[kind]), 300)

    late.update(frame(kind, NUMBERS[kind]))

    assert_same(dict(late.sources["layer"].data), dict(at_once.sources["layer"].data))
    for one, other in zip(late.figure.renderers, at_once.figure.renderers, strict=True):
        glyph, wanted = one.glyph.properties_with_values(), other.glyph.properties_with_values()
        assert {name: str(glyph[name]) for name in glyph if name != "id"} == {name: str(wanted[name]) for name in wanted if name != "id"}
    for one, other in ((late.figure.x_range, X), (late.figure.y_range, Y)):
        assert (one.start, one.end) == (other.start, other.end)
    assert list(late.figure.xaxis[0].ticker.ticks) == list(X.ticks) and late.figure.xaxis[0].major_label_overrides == X.ticks


def test_an_update_that_changes_nothing_sends_nothing():
    drawing = Drawing((Layer("points", "layer"), Layer("text", "other")), BLANK, 300)
    drawing.update(Frame({"layer": NUMBERS["points"], "other": NUMBERS["text"]}, X, Y))
    sent = []
    for source in drawing.sources.values():
        source.on_change("data", lambda attr, old, new: sent.append(attr))

    drawing.update(Frame({"layer": dict(NUMBERS["points"]), "other": dict(NUMBERS["text"])}, X, Y))
    assert sent == []
    drawing.update(Frame({"layer": NUMBERS["points"], "other": NUMBERS["text"] | {"text": np.array(["13", "half"])}}, X, Y))
    assert sent == ["data"]


def test_an_emptied_layer_draws_nothing():
    drawing = Drawing((Layer("line", "layer"),), frame("line", NUMBERS["line"]), 300)

    drawing.update(BLANK)

    assert np.isnan(drawing.sources["layer"].data["y"]).all()


def test_a_band_with_a_gap_is_two_polygons():
    band = outline({"x": [1, 2, 3, 4, 5], "lower": [1, 2, NAN, 4, 5], "upper": [2, 3, NAN, 5, 6]})

    np.testing.assert_array_equal(band["x"], [1, 2, 2, 1, NAN, 4, 5, 5, 4])
    np.testing.assert_array_equal(band["y"], [2, 3, 2, 1, NAN, 5, 6, 5, 4])


@pytest.mark.parametrize("gap", [(0,), (4,), (0, 4), (0, 1, 2, 3)], ids=str)
def test_a_band_with_a_gap_at_its_ends_is_what_is_left(gap):
    lower = np.array([1.0, 2, 3, 4, 5])
    lower[list(gap)] = NAN
    there = [x for x in range(1, 6) if x - 1 not in gap]

    band = outline({"x": [1, 2, 3, 4, 5], "lower": lower, "upper": lower + 2})

    assert band["x"].tolist() == [*there, *there[::-1]]
    assert band["y"].tolist() == [*[x + 2 for x in there], *there[::-1]]


def test_a_band_without_any_limits_is_nothing():
    band = outline({"x": [1, 2], "lower": [NAN, NAN], "upper": [1, 2]})

    assert np.isnan(band["x"]).all() and np.isnan(band["y"]).all()


def test_a_band_without_gaps_is_what_holoviews_draws():
    band = NUMBERS["band"]

    assert_same(outline(band), made_by_holoviews("band", band))
