"""Defaults that are worked out once are those that Bokeh works out each time; and nothing that Bokeh would find wrong with the layout of a page is left out."""

from __future__ import annotations

import logging

import pytest
from bokeh.core.property.descriptors import AliasPropertyDescriptor, PropertyDescriptor, UnsetValueError
from bokeh.document import Document
from bokeh.models import Div, Label, LinearAxis, Model, Slider, Whisker
from bokeh.plotting import figure
from bokeh.themes import Theme
from tests.server.talking import OpenPage

from process.server.known_defaults import UNCHANGING, remembering, told_once

KINDS = [kind for name, kind in sorted(Model.model_class_reverse_map.items()) if kind.__module__.startswith(("bokeh.", "panel."))][::3]
"""Every third, in the order of their names: all of them take three seconds."""


@pytest.fixture
def remembered(monkeypatch):
    """As in a server, but without what it knows already."""
    monkeypatch.setattr(PropertyDescriptor, "has_unstable_default", told_once(stock("has_unstable_default")))
    monkeypatch.setattr(PropertyDescriptor, "_get_default", remembering(stock("_get_default")))


def stock(name: str):
    """Bokeh's own, also where a server of this process has begun."""
    found = getattr(PropertyDescriptor, name)
    while found.__module__ == "process.server.known_defaults":
        found = found.__closure__[found.__code__.co_freevars.index("before")].cell_contents
    return found


@pytest.mark.filterwarnings("ignore::bokeh.util.warnings.BokehDeprecationWarning")
def test_every_default_is_bokehs_own_at_the_first_look_and_at_the_second(remembered):
    looked = 0
    for kind in KINDS:
        bokehs, one, other = kind(), kind(), kind()
        for name in sorted(kind.properties() - set(bokehs._property_values)):
            descriptor = bokehs.lookup(name)
            if isinstance(descriptor, AliasPropertyDescriptor):  # it asks the property that it stands for
                continue
            try:
                expected = stock("_get_default")(descriptor, bokehs)
            except UnsetValueError:
                continue
            if not descriptor.has_unstable_default(bokehs):  # what a function makes differs from model to model
                found = [descriptor._get_default(model) for model in (one, other)]
                assert [(type(each), repr(each)) for each in found] == [(type(expected), repr(expected))] * 2, (kind, name)
                looked += type(expected) in UNCHANGING
    assert looked > 2000


def test_a_container_that_is_a_default_is_each_models_own(remembered):
    one, other = Div(), Div()
    one.tags.append("mine")
    one.css_classes.append("mine")

    assert other.tags == [] and other.css_classes == [] and Div().tags == []


def test_what_a_theme_says_is_said_also_after_the_default_was_looked_at(remembered):
    assert LinearAxis().axis_label_standoff == 5
    axis = LinearAxis()
    Theme(json={"attrs": {"LinearAxis": {"axis_label_standoff": 17}}}).apply_to_model(axis)

    assert axis.axis_label_standoff == 17 and LinearAxis().axis_label_standoff == 5


def test_a_kind_whose_default_is_not_its_ancestors_has_its_own(remembered):
    for _ in range(2):
        assert (Slider().title, Whisker().level, Label().level) == ("", "underlay", "annotation")


def found_wrong(document: Document, caplog) -> list[str]:
    """What Bokeh says of a document where it is asked to look through it."""
    caplog.clear()
    document.validate()
    return [record.getMessage()[:60] for record in caplog.records if record.levelno >= logging.WARNING and record.name.startswith("bokeh")]


def test_bokeh_finds_nothing_wrong_with_a_page_as_it_is_sent(little, caplog):
    empty = Document()
    empty.add_root(figure())
    page = OpenPage.open(little, "dora")
    page.close()

    assert "MISSING_RENDERERS" in found_wrong(empty, caplog)[0]
    assert len(page.document.roots) > 8 and found_wrong(page.document, caplog) == []
