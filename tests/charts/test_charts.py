"""Every figure and every sentence, for everybody who may ask, with much, little and nothing to draw."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tests import clinics
from tests.charts.builds import EVERY_BUILD
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer
from process.charts import CHARTS, about, as_table, chart
from process.charts.drawing import Drawing
from process.charts.look import INK
from process.charts.words import TOO_FEW, number, plain, unable
from process.errors import QuestionWrong
from process.measures import catalogue

COHORTS = {
    "all": Cohort(),
    "a narrow range": Cohort(length=(9, 14)),
    "few courses": Cohort(length=(14, 16), problem=["grief", "trauma"]),
    "long ones": Cohort(length=(25, 9999)),
    "nobody": Cohort(length=(900, 999)),
}
CURVES = [name for name in CHARTS if "mean" in catalogue.measure(name).definition.values or name == "attainment_curve"]


@pytest.fixture(scope="module")
def ask(records, busiest):
    viewers = {"director": DIRECTOR, "therapist": Viewer("tess", "therapist", busiest), "analyst": ANALYST}
    # Courses that are still going have no completed length.
    going = {"session_gaps": COHORTS | {"all": Cohort(basis="so_far")}}
    return cache(lambda viewer, name, cohort="all": Clinic(records, viewers[viewer]).ask(name, going.get(name, COHORTS)[cohort]))


@pytest.fixture(scope="module")
def sessions_only(tmp_path_factory):
    records = clinics.opened(tmp_path_factory.mktemp("sessions"), clinics.counted(("T1", 9, 3), ("T2", 9, 5)))
    yield Clinic(records, DIRECTOR)
    records.engine.close()


def test_every_measure_that_has_a_card_has_a_chart():
    assert set(CHARTS) == set(catalogue.names()) - {"lengths"}
    with pytest.raises(QuestionWrong, match="Did you mean `endings`"):
        chart("ending")


@pytest.mark.parametrize("cohort", COHORTS)
@pytest.mark.parametrize("viewer", ["director", "therapist", "analyst"])
@pytest.mark.parametrize("name", CHARTS)
def test_a_figure_is_drawn_whatever_is_asked(ask, name, viewer, cohort):
    answer = ask(viewer, name, cohort)
    if not unable(answer):
        frame = CHARTS[name].frame(answer)
        for layer in CHARTS[name].layers:
            lengths = {len(values) for values in frame.layers.get(layer.name, {}).values()}
            assert len(lengths) <= 1, layer.name
        assert np.isfinite([frame.x.start, frame.x.end, frame.y.start, frame.y.end]).all()
        assert frame.x.start < frame.x.end and frame.y.start < frame.y.end
    sentence = answer.sentence
    assert sentence and "nan" not in re.sub(r"<[^>]+>", "", sentence).lower().split() and "nan " not in sentence and "None" not in sentence


@pytest.mark.parametrize("name", CHARTS)
def test_a_sentence_says_its_n_and_a_figure_with_an_interval_says_that_too(ask, name):
    sentence = ask("analyst", name).sentence

    assert re.search(r"\d+ (courses?|ruptures?|rated goals|goals)|of \d+ recorded ruptures|\d+ recorded ruptures", sentence)
    if "lower" in catalogue.measure(name).definition.values:
        assert re.search(r"95 % interval \S+ to \S+|no interval: ", sentence)


@pytest.mark.parametrize("name", CHARTS)
def test_with_nothing_to_draw_the_card_says_so(ask, name):
    for viewer in ("director", "therapist"):
        assert "Widen the length range" in ask(viewer, name, "nobody").sentence


@pytest.mark.parametrize("name", CHARTS)
def test_where_everything_is_withheld_the_card_says_what_is_needed(ask, name):
    answer = ask("director", name)
    numbers = [column for column in answer.table.select_dtypes("number") if column not in answer.definition.keys]
    table = answer.table.assign(withheld=True, **{column: np.nan for column in numbers})
    heads = answer.headlines.assign(withheld=True)

    hidden = replace(answer, table=table, headlines=heads)

    assert hidden.sentence == TOO_FEW


@pytest.mark.parametrize("name", [name for name in CHARTS if catalogue.measure(name).definition.needs != ("courses", "sessions")])
def test_a_clinic_without_the_records_is_told_what_to_record(sessions_only, name):
    answer = sessions_only.ask(name)
    if not answer.missing:
        pytest.fail("this measure draws from courses alone; it belongs in another test") if name != "endings" else None
        return
    assert answer.sentence.startswith("These records have nothing to draw this from. To see it, record: ")
    assert all(table.replace("_", " ") in answer.sentence for table in answer.missing)


@pytest.mark.parametrize("name", CHARTS)
def test_a_notebook_composes_every_layer_of_a_figure(ask, name):
    assert len(ask("analyst", name).figure()) == len(CHARTS[name].layers)


@pytest.mark.parametrize("name", EVERY_BUILD.values())
def test_a_figure_in_a_notebook_is_the_figure_of_the_page(ask, name):
    answer = ask("analyst", name)
    page = CHARTS[name].blank()

    page.update(CHARTS[name].frame(answer))

    own = CHARTS[name]
    notebook = Drawing(own.layers, own.frame(answer), own.height, own.xlabel, own.ylabel, own.grid)
    assert list(page.sources) == list(notebook.sources) == [layer.name for layer in own.layers]
    for layer, source in page.sources.items():
        for column, values in source.data.items():
            np.testing.assert_array_equal(values, notebook.sources[layer].data[column], err_msg=f"{layer} {column}")


@pytest.mark.parametrize("name", CHARTS)
def test_a_blank_figure_holds_no_data(name):
    for layer, source in CHARTS[name].blank().sources.items():
        for values in map(np.asarray, source.data.values()):
            assert np.isnan(values).all() if values.dtype.kind == "f" else set(values) <= {"", " ", "#000000", "#ffffff", INK, "left", "right"}, layer


def drawn_lines(answer) -> dict[str, dict[float, float]]:
    frame = CHARTS[answer.name].frame(answer)
    lines = {name: columns for name, columns in frame.layers.items() if name.startswith("line ")}
    return {name: dict(zip(map(float, columns["x"]), map(float, columns["y"]), strict=True)) for name, columns in lines.items()}


@pytest.mark.parametrize("name", CURVES)
def test_no_curve_has_a_point_where_a_row_is_withheld(ask, name):
    answer = ask("director", name)
    place = "session" if "session" in answer.definition.keys else "offset" if "offset" in answer.definition.keys else None
    if place is None:
        return
    value = "share" if "share" in answer.table else "mean"
    group = [key for key in answer.definition.keys if key != place]
    for row in answer.table[answer.table["withheld"]].to_dict("records"):
        line = f"line {row[group[0]]}" if group else "line share"
        assert not np.isfinite(drawn_lines(answer)[line].get(float(row[place]), np.nan))
    assert (
        sum(np.isfinite(y) for line in drawn_lines(answer).values() for y in line.values())
        == (answer.table[value].notna() & (answer.table["courses"] >= 5)).sum()
    )


def test_a_curve_is_broken_where_a_row_in_its_middle_is_withheld(ask):
    answer = ask("director", "attainment_curve")
    table = answer.table.copy()
    table.loc[table["session"] == 5, ["share", "lower", "upper", "goals", "courses", "therapists", "still_in"]] = np.nan
    table.loc[table["session"] == 5, "withheld"] = True

    line = drawn_lines(replace(answer, table=table))["line share"]

    assert np.isfinite(line[4.0]) and np.isfinite(line[6.0])
    assert 5.0 in line and np.isnan(line[5.0])


@pytest.mark.parametrize("name", CHARTS)
def test_a_table_shows_every_row_and_says_what_is_withheld(ask, name):
    answer = ask("director", name, "long ones")

    html = as_table(answer)

    shown = answer.table
    if "therapist_id" in shown:  # filtered, therapists are not shown apart
        shown = shown[shown["therapist_id"] == ""]
    assert html.count("<tr>") == len(shown) + 1
    assert ("not shown" in html) == bool(shown["withheld"].any() or answer.unseen)
    assert bool(answer.table["withheld"].any()) <= bool(answer.unseen) and all(sentence in html for sentence in answer.unseen)
    assert "nan" not in re.sub(r"<[^>]+>", " ", html).lower().split()
    assert answer.definition.title in html and "data as of 2026-11-16" in html


@pytest.mark.parametrize("name", CHARTS)
def test_about_shows_the_whole_definition(ask, name):
    answer = ask("director", name)
    definition = answer.definition

    html = about(answer)

    words = re.sub(r"&#x27;|&quot;|&lt;|&gt;|&amp;", " ", html)
    for text in (definition.title, *(entry.name.replace("_", " ") for entry in definition.parameters)):
        assert text in words
    assert html.count("<li>") == len(definition.parameters) + len(definition.sources)
    assert html.count("(convention)") == sum(entry.convention for entry in definition.parameters)
    assert f"Version {definition.version}" in html and f"{definition.next_review:%d %B %Y}" in html


def test_the_query_is_shown_as_text(ask):
    answer = replace(ask("director", "endings"), sql="select 1 where a < 2 and '<b>' <> \"x\" & 1")

    assert "<pre>select 1 where a &lt; 2 and &#x27;&lt;b&gt;&#x27; &lt;&gt; &quot;x&quot; &amp; 1</pre>" in about(answer)


def test_numbers_in_words():
    assert plain(-1.25) == "−1.2" and plain(1.25, sign=True) == "+1.2" and plain(-0.04) == "0.0" and plain(0.04, sign=True) == "0.0"
    assert number(1, "course") == "1 course" and number(1204, "course") == "1,204 courses"
