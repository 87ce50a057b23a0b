"""The documentation is tested: no measure, parameter or threshold without a definition, a source and a place on the page on methods."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from tests.clinics import DIRECTOR, demo, opened

from process.access import Clinic
from process.charts import CHARTS, about
from process.errors import SettingWrong
from process.measures import (
    caseload,
    catalogue,
    change,
    comparison,
    derived,
    expectation,
    expected_course,
    funnel,
    gains,
    goal_curves,
    intervals,
    outcome_change,
    parameters,
    possible_ruptures,
    spc,
)
from process.measures.dips import COMMON, RULES
from process.measures.measure import DEFINITIONS
from process.pages import NAVIGATION, PLANS, explained, methods, methods_background, methods_measures
from process.store.build import summaries

ROOT = Path(__file__).parents[2]
LABELS = {plan.name: plan.label for plan in PLANS.values()}
MEASURES = catalogue.names()
# Constants that decide nothing a reader should know of: rounding, codes, limits of a search or of memory, and numbers that definitions print themselves.
DECIDE_NOTHING = {
    "measures.benchmark.CARRIED_SESSIONS": "the attainment curve's own number",
    "measures.benchmark_rules.MOST_KNOWN": "where counting ends",
    "measures.benchmark_rules._LONG": "a place holder",
    "measures.autoregression._LEVEL": "limits of a search",
    "measures.autoregression._NOISE": "limits of a search",
    "measures.autoregression._PHI": "limits of a search",
    "measures.change._ROUNDING": "rounding",
    "measures.clustered_incidence.CENSORED": "a code",
    "measures.derived._LARGEST_KEPT": "rows of an answer that is kept in memory",
    "measures.dips.COMMON": "printed with the rules for dips",
    "measures.dips._ROUNDING": "rounding",
    "measures.expectation._LONGEST": "a place holder in a key",
    "measures.expectation._EARLIER": "printed with the rules for dips",
    "measures.expected_course._ROUNDING": "rounding",
    "measures.expectation._WHERE": "the places of quantiles that are stored",
    "measures.funnel.LEVEL": "the level of every interval",
    "measures.funnel._STRONGEST_PRIOR": "limits of a search",
    "measures.funnel._WEAKEST_PRIOR": "limits of a search",
    "measures.gains._ROUNDING": "rounding",
    "measures.gas.HIGHEST": "an end of the scale",
    "measures.gas.LOWEST": "an end of the scale",
    "measures.goal_curves.BANDS": "the bands of therapy length, printed by the contract of measures and by the figures",
    "measures.goal_lineage.GENERATIONS": "a code",
    "measures.incidence.LEVEL": "the level of every interval",
    "measures.lengths._WHOLE": "every length",
    "measures.many_dips.AT_ONCE": "memory",
    "measures.possible_ruptures.CAUSAL": "printed with the rules for dips",
    "measures.possible_ruptures._SRS_POINTS": "the range of a form",
    "measures.resampled._AT_ONCE": "memory",
    "measures.therapist_share._LEAST": "limits of a search",
    "measures.therapist_share._MOST": "limits of a search",
    "measures.weighted._TINY": "rounding",
}
SCANNED = [*sorted((ROOT / "src" / "process" / "measures").glob("*.py")), *sorted((ROOT / "src" / "process" / "access" / "disclosure").glob("*.py"))]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page on methods of a small demo clinic."""
    records = opened(tmp_path_factory.mktemp("store"), demo(courses=80, therapists=8))
    yield methods.page(Clinic(records, DIRECTOR), NAVIGATION, LABELS)
    records.engine.close()


@pytest.fixture(scope="module")
def file():
    return (ROOT / "docs" / "methods.md").read_text("utf-8")


def numeric(node: ast.AST) -> bool:
    """Whether an expression is made of numbers alone."""
    match node:
        case ast.Constant():
            return isinstance(node.value, int | float) and not isinstance(node.value, bool)
        case ast.Tuple() | ast.List() | ast.Set():
            return bool(node.elts) and all(numeric(entry) for entry in node.elts)
        case ast.Dict():
            return bool(node.values) and all(numeric(entry) for entry in node.values)
        case ast.BinOp():
            return numeric(node.left) and numeric(node.right)
        case ast.UnaryOp():
            return numeric(node.operand)
    return False


def constants(path: Path) -> set[str]:
    """The module's constants that are numbers, as `layer.module.NAME`."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) and node.value else []
        for target in targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                found |= {name.id for name, value in zip(target.elts, node.value.elts, strict=True) if numeric(value)}
            elif isinstance(target, ast.Name) and numeric(node.value):
                found.add(target.id)
    parts = path.with_suffix("").parts
    place = ".".join(parts[parts.index("process") + 1 :] if "process" in parts else parts[-2:])
    return {f"{place}.{name}" for name in found}


def test_the_file_is_the_one_that_the_definitions_make(file):
    assert file == methods.markdown(LABELS), "docs/methods.md is not current: make docs"


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_on_the_page_in_the_file_and_on_a_page(page, file, name):
    definition = catalogue.measure(name).definition

    assert f'id="{name}"' in page and f'<a id="{name}"></a>' in file
    assert definition.page in (*PLANS, "all")
    assert name in CHARTS or definition.page == "all"


@pytest.mark.parametrize("name", MEASURES)
def test_everything_that_a_definition_says_is_in_the_file(name):
    definition = catalogue.measure(name).definition
    section = next(inner for _, inner in methods.document(LABELS).walk() if inner.anchor == name)
    said = repr(section)

    for text in (definition.question, definition.unit, *definition.choices, *definition.sources, *definition.formula.strip().splitlines()):
        assert repr(text)[1:-1] in said or text in said, text
    for entry in definition.parameters:
        assert repr(entry.source)[1:-1] in said and methods_measures.shown(entry.value) in said
    for parameter in definition.estimated:
        assert f"#parameter-{parameter}" in said
    assert "version" in said and "next review" in said


def test_the_page_and_the_file_have_the_same_sections(page, file):
    sections = [section for _, section in methods.document(LABELS).walk()][1:]

    for section in sections:
        assert f'id="{section.anchor}"' in page and f'<a id="{section.anchor}"></a>' in file
    assert len({section.anchor for section in sections}) == len(sections)


def test_a_review_that_is_overdue_is_marked_and_no_other():
    definition = catalogue.measure("endings").definition
    day_before, day_after = (definition.next_review.replace(day=definition.next_review.day + step) for step in (-1, 1))

    assert methods_measures.overdue(definition, day_after) and not methods_measures.overdue(definition, definition.next_review)
    marked = {day: repr(methods_measures.sections(LABELS, day)).count("REVIEW OVERDUE") for day in (day_before, day_after)}
    assert marked[day_after] > marked[day_before] == 0
    assert "REVIEW OVERDUE" not in methods.markdown(LABELS)


# Numbers that the code has under a name of its own; `None` = held against the SQL of a summary by tests/measures/test_catalogue.py.
IN_THE_CODE = {
    "band": expected_course.INSIDE,
    "band_starts": tuple(low for low, _ in goal_curves.BANDS.values()),
    "baseline_sessions": None,
    "critical_value": change.CRITICAL,
    "drop_1sd": RULES["drop_1sd"][1]["k"],
    "drop_2sd": RULES["drop_2sd"][1]["k"],
    "earlier_sessions": RULES["drop_1sd"][1]["earlier"],
    "least_courses": expected_course.LEAST_COURSES,
    "limit_factor": spc.LIMIT,
    "limit_levels": comparison.LEVELS,
    "minimum_clusters": intervals.MINIMUM_CLUSTERS,
    "outcome_sessions": (1, expectation.AHEAD),
    "quiet_sessions": None,
    "reliable_drop": change.CRITICAL,
    "rule": expectation.RULE,
    "run": spc.RUN,
    "scores_needed": outcome_change.LEAST_SCORES,
    "screening_factor": spc.SCREEN,
    "least_a_side": gains.LEAST_A_SIDE,
    "sessions_a_side": gains.SESSIONS_A_SIDE,
    "share_lost": gains.SHARE_LOST,
    "share_of_score": gains.SHARE_OF_SCORE,
    "sessions_running": expected_course.RUNNING,
    "srs_cutoff": RULES["srs_cutoff"][1]["cutoff"],
    "srs_fall": RULES["srs_cutoff"][1]["fall"],
    "tolerance": COMMON["tolerance"],
    "trial_under": spc.TRIAL,
    "typical_session": 0.5,
    "weeks": caseload.WEEKS,
    "winsorised": inspect.signature(funnel.overdispersion).parameters["winsorise"].default,
    "xmr": spc.LIMIT,
}


@pytest.mark.parametrize("name", MEASURES)
def test_every_number_of_a_definition_is_used(name):
    """Bound in a statement, named by the code of the measure or of its chart, or a constant of the code with the same value."""
    measure = catalogue.measure(name)
    modules = {inspect.getmodule(kind) for kind in type(measure).__mro__ if kind.__module__.startswith("process.")}
    code = "".join(inspect.getsource(module) for module in modules)
    asked = {measure.asks or name, *re.findall(r'"(\w+)"', code)}
    sql = "".join(path.read_text("utf-8") for path in DEFINITIONS.rglob("*.sql") if path.stem in asked)
    drawn = inspect.getsource(inspect.getmodule(CHARTS[name].says)) if name in CHARTS else ""

    for entry in measure.definition.parameters:
        if f"${entry.name}" in sql or f'"{entry.name}"' in code + drawn:
            continue
        assert entry.name in IN_THE_CODE, f"`{entry.name}` is printed and not used"
        assert IN_THE_CODE[entry.name] in (entry.value, None), f"`{entry.name}` is {entry.value} in the definition and {IN_THE_CODE[entry.name]} in the code"


def test_every_clinic_wide_parameter_is_estimated_described_and_used():
    used = {parameter for name in MEASURES for parameter in catalogue.measure(name).definition.estimated}

    assert set(derived.ESTIMATORS) == set(parameters.described()) == used


def test_every_table_made_at_load_is_described():
    names = [*(name for name, _ in summaries()), *derived.STORED]

    assert names and all(len(methods_background.described(name).split()) >= 10 for name in names)


def test_every_query_of_the_definitions_is_in_the_file(file):
    for path in DEFINITIONS.rglob("*.sql"):
        first = next(line for line in path.read_text("utf-8").splitlines() if not line.startswith("--"))
        head = path.read_text("utf-8").splitlines()[0]
        assert head in file and first in file, path.name


def test_every_number_of_the_code_is_a_described_threshold_or_decides_nothing():
    found = set().union(*(constants(path) for path in SCANNED))
    described = {entry.place for entry in explained.thresholds()}

    assert found - described - set(DECIDE_NOTHING) == set(), "describe them in definitions/methods/thresholds.toml"
    assert set(DECIDE_NOTHING) <= found, "these are not in the code any more"
    assert not described & set(DECIDE_NOTHING)


def test_the_scan_finds_what_it_should(tmp_path):
    (tmp_path / "made_up.py").write_text('A = 3\nB: float = -2 / 3\nC, D = (1, 2), "x"\nE = {"a": 1}\nF = "text"\nG = True\nH = [len("x")]\n', "utf-8")

    assert {name.rsplit(".", 1)[1] for name in constants(tmp_path / "made_up.py")} == {"A", "B", "C", "E"}


def test_every_threshold_has_a_source_and_the_value_of_the_code():
    for entry in explained.thresholds():
        assert len(entry.source) > 20 and len(entry.what.split()) >= 4 and entry.value is not None
    by_place = {entry.place: entry for entry in explained.thresholds()}
    assert by_place["measures.intervals.MINIMUM_CLUSTERS"].value == 6 and by_place["measures.intervals.MINIMUM_CLUSTERS"].convention
    assert not by_place["measures.gains.SHARE_OF_SCORE"].convention


def test_a_threshold_that_is_not_in_the_code_is_refused_by_name(monkeypatch):
    entry = {"place": "measures.intervals.MINIMUM_MOON", "what": "x", "source": "y"}
    monkeypatch.setattr(explained, "_read", lambda name: {"thresholds": [entry]})

    with pytest.raises(SettingWrong, match="`measures.intervals.MINIMUM_MOON` is described and not in the code"):
        explained.thresholds.__wrapped__()


def test_the_numbers_of_the_rules_for_dips_are_those_that_the_pages_use():
    printed = {rule.name: {name: value for name, value, _ in rule.parameters} for rule in explained.dip_rules()}
    for name, (_, defaults) in RULES.items():
        assert printed[name] == defaults | COMMON | possible_ruptures.CAUSAL.get(name, {})
    assert printed["xmr"]["causal"] == 1


@pytest.mark.parametrize("name", ["dips_by_rule", "dip_rate", "dip_agreement", "dips_and_recorded"])
def test_what_raises_no_possible_rupture_stands_in_the_formula(name):
    formula = catalogue.measure(name).definition.formula
    assert "where max(s, S) > 0" in formula and "earlier scores that are all equal tell no limit" in formula


def test_rules_for_dips_are_those_of_the_code(monkeypatch):
    assert [rule.name for rule in explained.dip_rules()] == list(RULES)
    monkeypatch.setattr(explained, "_read", lambda name: {"rules": {"drop_1sd": {}}, "numbers": {}})

    with pytest.raises(SettingWrong, match="are not those of the code"):
        explained.dip_rules.__wrapped__()


def test_a_card_leads_to_its_method(tmp_path):
    records = opened(tmp_path, demo(courses=80, therapists=8))

    assert '<a href="/methods#endings">' in about(Clinic(records, DIRECTOR).ask("endings"))
    records.engine.close()


def test_texts_are_escaped_and_files_of_the_documentation_are_shown_whole():
    from process.pages import document_html
    from process.pages.document import Link, Paragraph, Rows, Section, Written

    wicked = Section("T", "t", (), (Section("<b>", "a", (Paragraph(("<i>`x<y`</i>", Link("<u>", "/goals#x"))), Rows("c", ("<h>",), (("<td>",),)))),))
    html = document_html.body(wicked, lambda leads: leads)

    assert not re.search(r"<(b|i|u|h)>", html)
    assert "&lt;i&gt;<code>x&lt;y</code>&lt;/i&gt;" in html and "&lt;h&gt;" in html and "&lt;td&gt;" in html
    file = Written("C", "# H\n\n<!-- note -->A *word* of [a link](x.md) <script>.\n\n## Inner\n\n| a | b |\n| --- | --- |\n| 1 \\| 2 | **3** |\n")
    written = document_html.body(Section("T", "t", (file,)), lambda leads: leads)
    assert "<em>word</em> of a link &lt;script&gt;." in written and "<h3>Inner</h3>" in written and "<td>1 | 2</td>" in written
    assert "<h1>" not in written and "note" not in written and 'role="region" aria-label="C"' in written
