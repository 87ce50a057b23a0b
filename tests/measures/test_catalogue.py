"""Every measure is a complete, reviewed definition beside its SQL; what it prints is what it computes with."""

import re

import pytest

from process.contract.tables import TABLES
from process.errors import QuestionWrong, SettingWrong
from process.measures import caseload, catalogue, definition, intervals, measure
from process.store.build import SUMMARIES

NAMES = catalogue.names()


def test_the_three_pages_have_their_measures():
    assert set(catalogue.names("goals")) == {"lengths", "attainment_levels", "attainment_curve"}
    assert set(catalogue.names("alliance")) == {
        "lengths",
        "alliance_by_session",
        "alliance_after_rupture",
        "rupture_against_like_sessions",
        "repaired_against_not_yet",
        "repair_by_length",
    }
    assert set(catalogue.names("caseload")) == {"lengths", "active_courses", "therapy_lengths", "endings"}


def test_an_unknown_measure_is_refused_with_the_nearest():
    with pytest.raises(QuestionWrong, match="Did you mean `endings`"):
        catalogue.measure("ending")


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_says_everything_in_whole_sentences(name):
    about = catalogue.measure(name).definition
    for text in (about.what, about.why, about.cannot_tell):
        assert len(text.split()) >= 20 and text.strip().endswith(".")
        assert "  " not in text
    assert about.question.endswith("?") and about.sources and about.next_review > about.reviewed
    assert set(about.needs) <= {*TABLES, "alliance_scores"} and about.percent_of in ("", *about.counts)
    assert {"courses", "therapists"} <= set(about.counts)
    assert about.percent_of or about.unit != "percent"


@pytest.mark.parametrize("name", NAMES)
def test_every_number_a_measure_rests_on_has_a_source_and_says_where_it_is_a_convention(name):
    for parameter in catalogue.measure(name).definition.parameters:
        assert len(parameter.source) > 20
        assert parameter.convention == ("convention" in parameter.source.lower())


@pytest.mark.parametrize("name", NAMES)
def test_no_definition_blames_or_ranks(name):
    about = catalogue.measure(name).definition
    words = re.findall(r"\w+", " ".join([about.question, about.title, about.what, about.why, about.cannot_tell]).lower())
    assert not {"fail", "failed", "failure", "worst", "best", "bad", "poor", "rank", "ranking", "underperforming", "caused", "compliance"} & set(words)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_that_live_in_the_code_are_the_ones_printed(name):
    printed = {entry.name: entry.value for entry in catalogue.measure(name).definition.parameters}
    windows = (SUMMARIES / "06_session_windows.sql").read_text("utf-8")
    computed = {
        "minimum_clusters": intervals.MINIMUM_CLUSTERS,
        "weeks": caseload.WEEKS,
        "typical_session": 0.5,
        "baseline_sessions": int(re.search(r"rows between (\d) preceding and 1 preceding\) as baseline", windows)[1]),
        "quiet_sessions": int(re.search(r"rows between (\d) preceding and current row\) as disturbed", windows)[1]),
    }
    assert {key: value for key, value in printed.items() if key in computed}.items() <= computed.items()


@pytest.mark.parametrize("name", NAMES)
def test_the_sql_shown_is_one_statement_and_binds_every_value(name):
    sql = catalogue.measure(name).sql
    code = re.sub(r"--[^\n]*", "", sql)
    named = set(re.findall(r"\$(\w+)", code))
    own = {entry.name for entry in catalogue.measure(name).definition.parameters}
    assert set(measure.COHORT_PARAMETERS) <= named <= {*measure.COHORT_PARAMETERS, *own}


@pytest.mark.parametrize("path", [*sorted(SUMMARIES.glob("*.sql")), *sorted(measure.DEFINITIONS.rglob("*.sql"))], ids=lambda path: path.name)
def test_a_file_of_sql_is_one_statement_in_the_words_duckdb_and_spark_share(path):
    text = path.read_text("utf-8")
    code = re.sub(r"--[^\n]*", "", text)
    assert text.startswith("-- ") and ";" not in code and "{" not in code
    assert not re.search(r"\b(qualify|asof|pivot|list_\w+|unnest|varchar|exclude|group by all)\b|::|\[", code, re.IGNORECASE)


GOOD = (measure.DEFINITIONS / "shared" / "lengths.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("title =", "titel ="), "missing \\['title'\\], not known \\['titel'\\]"),
        (GOOD.replace('page = "all"', 'page = "everywhere"'), "page one of"),
        (GOOD.replace("parameters = []", 'parameters = [{ name = "k", value = 3, source = " " }]'), "parameter `k` has no source"),
    ],
)
def test_a_definition_that_is_not_complete_is_refused_by_name(tmp_path, text, said):
    (tmp_path / "lengths.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingWrong, match=said):
        definition.load(tmp_path / "lengths.toml")
