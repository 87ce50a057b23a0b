"""A copied figure is the rendered one in everything but the names of its models, and two copies share nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bokeh.models import Model
from tests.charts.builds import EVERY_BUILD

from process.charts import CHARTS
from process.charts.copied import copied
from process.charts.drawing import Drawing
from process.charts.layers import BLANK, Axis, Frame
from process.charts.mould import Mould


def rendered(name: str) -> Drawing:
    chart = CHARTS[name]
    return Drawing(chart.layers, BLANK, chart.height, chart.xlabel, chart.ylabel, chart.grid)


def built_of(part: Any, seen: dict[str, int]) -> Any:
    """Every model under a figure with every property it has, default or not; a model is named by when it was first met."""
    if isinstance(part, Model):
        if part.id in seen:
            return seen[part.id]
        seen[part.id] = len(seen)
        said = {name: built_of(value, seen) for name, value in sorted(part.properties_with_values().items())}
        return type(part), said, part.themed_values(), sorted(part._callbacks), sorted(part._event_callbacks), sorted(part.subscribed_events)
    if isinstance(part, dict):
        return {key: built_of(value, seen) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [built_of(value, seen) for value in part]
    if isinstance(part, np.ndarray):
        return [repr(value) for value in part.tolist()]
    return repr(part)


@pytest.mark.parametrize("name", EVERY_BUILD.values())
def test_a_copy_is_built_of_the_same_models_with_the_same_properties(name):
    first = rendered(name)

    copy = Mould(lambda: first).cast()

    assert built_of(copy.figure, {}) == built_of(first.figure, {})
    assert list(copy.sources) == list(first.sources) and copy.kinds == first.kinds
    for layer, source in copy.sources.items():
        assert built_of(source, {}) == built_of(first.sources[layer], {})
        assert source in copy.figure.references()


def test_copies_share_no_model_with_each_other_or_with_what_was_rendered():
    first = rendered("endings")
    mould = Mould(lambda: first)

    figures = [first.figure, *(mould.cast().figure for _ in range(3))]

    models = [model for figure in figures for model in figure.references()]
    assert len({id(model) for model in models}) == len({model.id for model in models}) == len(models)


def test_what_one_copy_is_given_reaches_no_other():
    mould = Mould(lambda: rendered("endings"))
    one = mould.cast()
    before = mould.cast()
    still = built_of(before.figure, {})

    numbers = {"x": np.array([41.5, 43.5]), "y": np.array([1.0, 2.0]), "colour": np.array(["#0072b2"] * 2), "tip": np.array(["taken", "seen"])}
    one.update(Frame(dict.fromkeys(one.sources, numbers), Axis(0.0, 77.0, {41.5: "here"}), Axis(0.0, 3.0, {})))

    assert "41.5" in str(built_of(one.figure, {})) and "here" in str(built_of(one.figure, {}))
    assert built_of(before.figure, {}) == still == built_of(mould.cast().figure, {})


def test_a_figure_is_rendered_once_however_many_are_wanted():
    made = []

    def render() -> Drawing:
        made.append("endings")
        return rendered("endings")

    mould = Mould(render)
    assert made == []

    assert len({mould.cast().figure.id for _ in range(3)}) == 3
    assert made == ["endings"]


def test_what_keeps_anything_that_is_not_known_is_not_copied():
    first = rendered("endings").figure
    object.__setattr__(first.xaxis[0], "_seen_by", "dora")

    with pytest.raises(TypeError, match="LinearAxis has _seen_by"):
        copied(first, {})


def test_nobody_listens_to_a_copy():
    first = rendered("endings").figure
    first.x_range.on_change("start", lambda attr, old, new: None)

    assert copied(first, {}).x_range._callbacks == {} and first.x_range._callbacks
