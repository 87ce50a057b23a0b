"""Every measure is a complete, reviewed definition beside its SQL; what it prints is what it computes with."""

import re

import pytest

from process.contract.tables import TABLES
from process.errors import QuestionWrong, SettingWrong
from process.measures import caseload, catalogue, change, comparison, definition, expected_course, fair, gains, intervals, measure, outcome_change, spc
from process.store.build import SUMMARIES

NAMES = catalogue.names()


def test_the_three_pages_have_their_measures():
    assert set(catalogue.names("goals")) == {
        "lengths",
        "attainment_levels",
        "attainment_curve",
        "attainment_same_courses",
        "attainment_to_the_end",
        "attainment_by_share",
        "attainment_by_setter",
        "attainment_by_band",
        "attainment_by_modality",
        "attainment_by_problem",
        "goal_fates",
        "goal_fates_by_setter",
        "goal_lineage",
        "goal_voices",
        "goal_reviews",
        "impasse",
        "attainment_t_score",
    }
    assert set(catalogue.names("alliance")) == {
        "lengths",
        "alliance_by_session",
        "match_window",
        "alliance_between_within",
        "alliance_after_rupture",
        "rupture_against_like_sessions",
        "repaired_against_not_yet",
        "repair_by_length",
    }
    assert set(catalogue.names("caseload")) == {
        "lengths",
        "active_courses",
        "weekly_workload",
        "session_gaps",
        "therapy_lengths",
        "endings",
        "dropout_definitions",
    }
    assert set(catalogue.names("comparison")) == {
        "lengths",
        "fair_comparison_dropout",
        "fair_comparison_improvement",
        "attendance_over_time",
        "dropout_over_time",
    }


def test_the_outcomes_page_has_its_measures():
    assert set(catalogue.names("outcomes")) == {"lengths", "outcome_change", "sudden_gains", "expected_course"}


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
    assert set(about.needs) <= {*TABLES, "alliance_scores", "outcome_scores"} and about.percent_of in ("", *about.counts)
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
    windows = (SUMMARIES / "40_session_windows.sql").read_text("utf-8")
    computed = {
        "critical_value": change.CRITICAL,
        "scores_needed": outcome_change.LEAST_SCORES,
        "share_of_score": gains.SHARE_OF_SCORE,
        "sessions_a_side": gains.SESSIONS_A_SIDE,
        "least_a_side": gains.LEAST_A_SIDE,
        "share_lost": gains.SHARE_LOST,
        "band": expected_course.INSIDE,
        "least_courses": expected_course.LEAST_COURSES,
        "sessions_running": expected_course.RUNNING,
        "minimum_clusters": intervals.MINIMUM_CLUSTERS,
        "weeks": caseload.WEEKS,
        "minimum_courses": fair.MINIMUM_COURSES,
        "minimum_therapists": fair.MINIMUM_THERAPISTS,
        "limit_levels": comparison.LEVELS,
        "limit_factor": spc.LIMIT,
        "screening_factor": spc.SCREEN,
        "run": spc.RUN,
        "trial_under": spc.TRIAL,
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
