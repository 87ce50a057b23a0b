"""An answer as a table: what a screen reader reads instead of the canvas, and what the eye checks a curve against."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd

from process.access import Answer
from process.charts import look, rupture_words
from process.charts.words import NOT_SHOWN, called
from process.measures.definition import Parameter

TITLES = {
    "session": "session",
    "level": "level",
    "share": "%",
    "lower": "95 % from",
    "upper": "95 % to",
    "goals": "goals",
    "goals_total": "goals in all",
    "courses": "courses",
    "therapists": "therapists",
    "still_in": "still in therapy",
    "why": "no interval because",
    "rater": "rated by",
    "mean": "mean",
    "scores": "scores",
    "offset": "sessions from rupture",
    "group": "ruptures that are",
    "arm": "which sessions",
    "ruptures": "ruptures",
    "sessions": "sessions",
    "week": "week of",
    "therapist_id": "therapist",
    "active": "active courses",
    "length": "sessions",
    "ending": "ending",
    "length_to_date": "sessions to date",
    "estimate": "difference",
    "repaired": "repaired",
    "not_yet": "not yet",
    "courses_total": "courses in all",
    "of_courses": "of courses",
    "set_by": "set by",
    "goals_agreed": "goals agreed",
    "goals_in_set": "goals in the set",
    "in_therapy": "courses in therapy then",
    "sessions_left": "sessions before the last",
    "since": "sessions since",
    "pairs": "goals both rated",
    "fate": "fate",
}
_WORDS = look.LEVEL_NAMES | look.ENDING_NAMES
_CELLS = {
    "repaired": "repaired",
    "not_repaired": "not repaired",
    "not_yet": "not yet repaired",
    "rupture": "after a rupture",
    "like": "like sessions",
}


# Where a measure's columns or codes are called something of their own.
_FAIR = {
    **{"share": "% as counted", "expected": "% expected of these patients", "adjusted": "% with the case mix taken out", "shrunk": "% most likely"},
    **{"shrunk_lower": "most likely, 95 % from", "shrunk_upper": "most likely, 95 % to", "beyond": "beyond the limits", "why": "not compared because"},
    "effective": "effective number of courses",
}
_TITLES_OF: dict[str, dict[str, str]] = {
    **rupture_words.TITLES_OF,
    "possible_ruptures_against_expectation": {"offset": "sessions after the fall", "arm": "which", "dips": "possible ruptures"},
    "left_after_rupture": {"arm": "which sessions", "left": "of them, course ended soon", "courses": "courses that ended soon", "of_courses": "courses in all"},
    "weekly_workload": {"kind": "what", "events": "how many"},
    "session_gaps": {"gap": "since the last session"},
    "dropout_definitions": {"courses": "of courses"},
    "fair_comparison_dropout": _FAIR,
    "fair_comparison_improvement": _FAIR,
    "attendance_over_time": {"period": "from", "signal": "marked as", "occasions": "appointments"},
    "dropout_over_time": {"period": "from", "signal": "marked as", "occasions": "endings"},
    "attainment_same_courses": {"group": "courses"},
    "attainment_to_the_end": {"in_therapy": "completed courses this long"},
    "attainment_by_share": {"part": "fifth of the therapy", "in_therapy": "completed courses of 5 sessions and more"},
    "attainment_by_band": {"band": "length, sessions", "in_therapy": "of the band in therapy"},
    "attainment_t_score": {"mean": "mean T-score", "goals": "goals rated"},
    "goal_fates": {"session": "sessions since agreed", "goals": "goals open and followed"},
    "goal_fates_by_setter": {"share": "% reached", "goals": "goals still followed"},
    "goal_lineage": {"goals": "replaced goals", "goals_total": "replaced goals in all"},
    "goal_voices": {"mean": "patient minus therapist, levels"},
    "goal_reviews": {"goals": "open goals", "goals_total": "open goals in all"},
    "impasse": {"courses": "courses judged"},
    "outcome_change": {"form": "form", "category": "what became of the score", "of_courses": "of courses with two scores"},
    "sudden_gains": {"form": "form", "kind": "what", "judged": "of courses"},
    "expected_course": {"form": "form", "status": "open courses that are", "of_courses": "of open courses that can be told"},
    "alliance_between_within": {"part": "differences", "kind": "figure", "place": "at", "estimate": "value"},
    "match_window": {"band": "early alliance", "about": "what", "what": "figure", "estimate": "value", "of_courses": "courses of the band"},
}
# Numbers that stand for a word.
_NUMBERED: dict[str, dict[float, str]] = {
    "beyond": {0.0: "no", 95.0: "95 %", 99.8: "99.8 %"},
    "signal": {0.0: "\u2013", 1.0: "outside the limits", 2.0: "a run on one side of the mean", 3.0: "a run up or down", 4.0: "two of three near a limit"},
}
_ONE_DIGIT = ("share", "lower", "upper", "mean", "estimate", "expected", "adjusted", "shrunk", "shrunk_lower", "shrunk_upper", "effective")
_CELLS_OF: dict[str, dict[str, str]] = {
    **rupture_words.CELLS_OF,
    "attainment_same_courses": {"same": "the same throughout", "everyone": "whoever is still there"},
    "attainment_by_setter": {"patient": "the patient", "therapist": "the therapist", "both": "the two together"},
    "goal_fates_by_setter": {"patient": "the patient", "therapist": "the therapist", "both": "the two together"},
    "possible_ruptures_against_expectation": {"observed": "observed", "expected": "expected by chance alone"},
    "left_after_rupture": {"any": "any ending"},
    "session_gaps": look.GAP_NAMES,
    "dropout_definitions": look.DROPOUT_NAMES,
    "outcome_change": {"harmed": "harmed: worse, across cut-off"},
    "sudden_gains": {"gain": "with a sudden gain", "gain_reversed": "with a gain lost again, of those with one", "loss": "with a sudden loss"},
    "expected_course": {"further": "further on than expected", "as_expected": "as expected", "behind": "less far than expected"},
    "alliance_between_within": {
        "therapists": "between therapists",
        "courses": "between courses",
        "sessions": "within courses",
        "share": "share of the variance, %",
        "sd": "standard deviation, points",
        "spread": "courses or sessions here, %",
    },
    "match_window": {
        **{"lower": "lower third", "middle": "middle third", "upper": "upper third", "early": "sessions 1 to 3", "length": "ended courses", "ending": "ending"},
        **{"level": "level, points", "trend": "trend, points a session", "gap": "patient minus therapist, points", "sessions": "attended sessions, mean"},
        **{"decision": "decision on record", "continue": "go on, %", "change_therapist": "change therapist, %", "refer": "refer, %", "none": "none, %"},
        **{code: f"{words}, %" for code, words in look.ENDING_NAMES.items()},
    },
}


def as_table(answer: Answer) -> str:
    """The answer's table as HTML; withheld rows say so."""
    table = answer.table
    if answer.filtered and "therapist_id" in table and table.loc[table["therapist_id"] != "", "withheld"].any():
        table = table[table["therapist_id"] == ""]  # therapists are shown apart without filters only
    columns = [name for name in table.columns if name not in ("withheld", "df") and not (name == "why" and not table["why"].astype(str).str.strip().any())]
    if "active" in columns:
        columns = [name for name in columns if name not in ("courses", "therapists")]
    titles, codes = TITLES | _TITLES_OF.get(answer.name, {}), _CELLS | _CELLS_OF.get(answer.name, {})
    head = "".join(f"<th scope=col>{titles.get(name, name.replace('_', ' '))}</th>" for name in columns)
    rows = []
    for row in table.to_dict("records"):
        if row.get("therapist_id"):
            row["therapist_id"] = called(answer, row["therapist_id"])
        cells = "".join(f"<td>{_cell(name, row[name], bool(row.get('withheld')), codes)}</td>" for name in columns)
        rows.append(f"<tr>{cells}</tr>")
    caption = html.escape(" ".join((f"{answer.definition.title} · {answer.stamp}.", *answer.unseen)))
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def worded(measure: str, column: str, value: Any) -> str:
    """A code of one of a measure's keys in words, as its table has it; not escaped."""
    return html.unescape(_cell(column, value, False, _CELLS | _CELLS_OF.get(measure, {})))


def _cell(name: str, value: Any, withheld: bool, codes: dict[str, str]) -> str:
    if name in ("level", "ending"):
        return html.escape(_WORDS.get(str(value)) or codes.get(str(value), str(value)))
    if name == "therapist_id":
        return html.escape(str(value)) or "all"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, str):
        return html.escape(codes.get(value, value))
    if value is None or pd.isna(value):
        return NOT_SHOWN if withheld else "–"
    if name in _NUMBERED:
        return _NUMBERED[name][float(value)]
    if name in _ONE_DIGIT:
        return f"{value:.1f}"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.1f}"


def _parameter(entry: Parameter) -> str:
    convention = " (convention)" if entry.convention else ""
    return f"<li>{html.escape(entry.name.replace('_', ' '))}: {html.escape(str(entry.value))}. {html.escape(entry.source)}{convention}</li>"


def about(answer: Answer) -> str:
    """The reviewed definition as HTML: what, why, what it cannot tell, parameters with their sources, the SQL that ran."""
    definition = answer.definition
    numbers = "".join(_parameter(entry) for entry in definition.parameters)
    sources = "".join(f"<li>{html.escape(source)}</li>" for source in definition.sources)
    return (
        f"<h3>{html.escape(definition.title)}</h3><p>{html.escape(definition.what)}</p><h4>Why it matters</h4><p>{html.escape(definition.why)}</p>"
        f"<h4>What it cannot tell you</h4><p>{html.escape(definition.cannot_tell)}</p>"
        + (f"<h4>Numbers it rests on</h4><ul>{numbers}</ul>" if numbers else "")
        + (f"<h4>Sources</h4><ul>{sources}</ul>" if sources else "")
        + f"<p>Version {definition.version} · reviewed {definition.reviewed:%d %B %Y} · next review {definition.next_review:%d %B %Y}</p>"
        f"<p>{html.escape(str(answer.stamp))}</p>"
        f'<p><a href="/methods#{definition.name}">How this figure is worked out: formula, choices and their reasons</a></p>'
        f"<details><summary>The query</summary><pre>{html.escape(answer.sql)}</pre></details>"
    )
