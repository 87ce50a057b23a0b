"""Possible ruptures drawn: rules side by side, where they agree, where ruptures on record lie, and the shape, depth and length of episodes."""

from __future__ import annotations

import numpy as np

from process.access import Answer
from process.charts import cells, look, rows
from process.charts import rupture_words as words
from process.charts.chart import Chart
from process.charts.layers import Frame
from process.charts.recorded_ruptures import drawn_rows, largest
from process.charts.words import headline, interval, number, plain, tip_interval

_SOME = "Too few courses with enough alliance scores in this range to look for possible ruptures."


def _rules_frame(value: str, count: str, noun: str, unit: str, digits: int) -> object:
    def frame(answer: Answer) -> Frame:
        found = [
            rows.Row(words.RULES[row["rule"]], row[value], row["lower"], row["upper"], row[count], look.PURPLE)
            for row in answer.table.to_dict("records")
            if row["courses"] != 0
        ]
        return rows.frame(found, noun, unit, digits)

    return frame


def _printed(answer: Answer) -> str:
    """The rules with their version and parameters, as the card must say them."""
    number_of = answer.definition.parameter
    clinic = answer.notes.get("clinic_sd")
    spread = f", at least the clinic's {float(clinic):.1f} points" if clinic is not None else ", at least the clinic's"
    return (
        f" Rules, version {answer.definition.version}: <i>fall of {number_of('drop_1sd'):g} or {number_of('drop_2sd'):g} SD</i> from the mean of "
        f"{number_of('earlier_sessions'):g} or more earlier scores (SD of those{spread}); <i>reliable fall</i> from the score before, beyond "
        f"{number_of('reliable_drop'):g} standard errors of a difference; <i>under control limit</i>, the earlier scores' mean less {number_of('xmr'):g} mean "
        f"moving ranges; <i>SRS cut-off</i>, under {number_of('srs_cutoff'):g} or {number_of('srs_fall'):g} lower than before."
    )


def _first_row(answer: Answer, value: str) -> dict | None:
    known = answer.table[np.isfinite(answer.table[value].astype(float))]
    return known.iloc[0].to_dict() if len(known) else None


def _apart(answer: Answer, rule: str) -> str:
    short, not_read = answer.notes.get(f"too_short_{rule}", 0), answer.notes.get(f"not_read_{rule}", 0)
    said = f" {number(short, 'further course is', 'further courses are')} too short to tell" if short else ""
    read = f"{' and' if said else ''} {number(not_read, 'course has', 'courses have')} no score that this rule reads" if not_read else ""
    return f"{said}{read}." if said or read else ""


def _not_applicable(answer: Answer) -> str:
    none = [words.RULES[row["rule"]] for row in answer.table.to_dict("records") if row["courses"] == 0]
    return f" Not applicable to the forms used here: {', '.join(none)}." if none else ""


def _rules_says(answer: Answer) -> str:
    row = _first_row(answer, "share")
    if row is None:
        return _SOME
    return (
        f"By the rule <i>{words.RULES[row['rule']]}</i> scores dip at least once in <b>{row['share']:.0f} % of {number(row['courses'], 'course')}</b> "
        f"({interval(row, ' %', 0)}).{_apart(answer, row['rule'])} The rules differ widely, and a dip is no rupture on record."
        f"{_not_applicable(answer)}{_printed(answer)}"
    )


def _rate_says(answer: Answer) -> str:
    row = _first_row(answer, "mean")
    if row is None:
        return _SOME
    known = answer.table[np.isfinite(answer.table["mean"].astype(float))]
    spread = f" By the other rules it is {plain(known['mean'].iloc[1:].min())} to {plain(known['mean'].iloc[1:].max())}." if len(known) > 1 else ""
    return (
        f"By the rule <i>{words.RULES[row['rule']]}</i> there are <b>{plain(row['mean'])} possible ruptures for 100 scored sessions</b> "
        f"({interval(row)}; {number(row['courses'], 'course')}).{spread}{_not_applicable(answer)}"
    )


def _agreement_frame(answer: Answer) -> Frame:
    table = answer.table.to_dict("records")
    there = [name for name in words.RULES if any(row["rule"] == name for row in table)]
    place = {name: at for at, name in enumerate(there)}
    found = [cells.Cell(at, at, float("nan"), ("–",), "") for at in range(len(there))]
    for row in table:
        if not np.isfinite(row["share"]):
            found.append(cells.Cell(place[row["other"]], place[row["rule"]], float("nan"), ("–",), ""))
            continue
        tip = (
            f"of {number(row['in_rule'], 'session')} in a dip by {words.RULES[row['rule']]}, {row['share']:.0f} %{tip_interval(row, 0)} "
            f"are in one by {words.RULES[row['other']]} · {number(row['courses'], 'course')}"
        )
        found.append(cells.Cell(place[row["other"]], place[row["rule"]], row["share"], (f"{row['share']:.0f} %", f"{int(row['in_rule']):,}"), tip))
    return cells.frame(found, [_SHORT[name] for name in there], [words.RULES[name] for name in there])


_SHORT = {"drop_1sd": "1 SD", "drop_2sd": "2 SD", "reliable_drop": "reliable", "xmr": "control\nlimit", "srs_cutoff": "SRS"}


def _agreement_says(answer: Answer) -> str:
    table = answer.table[np.isfinite(answer.table["share"].astype(float))]
    row = next((row for row in table.to_dict("records") if (row["rule"], row["other"]) == ("drop_1sd", "xmr")), None)
    row = row or next(iter(table.to_dict("records")), None)
    if row is None:
        return _SOME
    pair = headline(answer, f"{row['rule']} {row['other']}") or headline(answer, f"{row['other']} {row['rule']}")
    kappa = f" Beyond chance the two agree by a kappa of {pair['estimate'] / 100:.2f}." if pair is not None else ""
    return (
        f"Of {number(row['in_rule'], 'session')} in a dip by <i>{words.RULES[row['rule']]}</i>, <b>{row['share']:.0f} %</b> are in one by "
        f"<i>{words.RULES[row['other']]}</i> as well ({interval(row, ' %', 0)}; {number(row['courses'], 'course')}).{kappa} Rows are the rule asked about, "
        "with its sessions under the share, columns the other one."
    )


def _recorded_frame(answer: Answer) -> Frame:
    found = []
    for row in answer.table.to_dict("records"):
        on_record = row["looked"] == "rupture_found"
        label = f"{words.RULES[row['rule']]}: {'rupture' if on_record else 'none'}"
        found.append(rows.Row(label, row["share"], row["lower"], row["upper"], row["sessions"], look.VERMILLION if on_record else look.FAINT))
    return rows.frame(found, "session")


def _recorded_says(answer: Answer) -> str:
    known = {(row["rule"], row["looked"]): row for row in answer.table.to_dict("records") if np.isfinite(row["share"])}
    rule = next((name for name in words.RULES if (name, "rupture_found") in known), None)
    if rule is None:
        return "Too few recorded ruptures in scored sessions to say whether a rule would have pointed to them."
    row, other = known[rule, "rupture_found"], known.get((rule, "none_found"))
    beside = f", and to <b>{other['share']:.0f} %</b> of those in which somebody looked and recorded none ({interval(other, ' %', 0)})" if other else ""
    return (
        f"The rule <i>{words.RULES[rule]}</i> would have pointed to <b>{row['share']:.0f} %</b> of {number(row['sessions'], 'session')} with a rupture on "
        "record "
        f"({interval(row, ' %', 0)}; {number(row['courses'], 'course')}){beside}."
    )


def _which(answer: Answer) -> str:
    number_of = answer.definition.parameter
    return (
        f" Rule: fall of {number_of('drop_1sd'):g} SD, version {answer.definition.version}, from the mean of {number_of('earlier_sessions'):g} or more earlier "
        f"scores; back within {number_of('tolerance'):g} of the drop."
    )


def _possible(answer: Answer) -> dict | None:
    total = headline(answer, "all")
    return total if total is not None and np.isfinite(total["possible"]) else None


def _episodes_says(answer: Answer) -> str:
    total, said = _possible(answer), largest(answer, words.EPISODES)
    if total is None or not said:
        return _SOME
    return (
        f"Of {number(total['possible'], 'possible rupture')} in {number(total['courses'], 'course')}, the two largest groups are {said}. Back = the score "
        f"returned; recurring = three or more in the course.{_which(answer)}"
    )


def _size_says(what: str, one: str, many: str) -> object:
    def says(answer: Answer) -> str:
        median, low, high = (headline(answer, name) for name in ("median", "lower_quartile", "upper_quartile"))
        if median is None or low is None or high is None:
            return _SOME
        most = largest(answer, {label: f"{label} {one if label == '1' else many}" for label in answer.table[answer.definition.keys[0]]}, 1)
        return (
            f"The median of {number(median['possible'], 'possible rupture')} in {number(median['courses'], 'course')} is <b>{what} "
            f"{median['estimate']:.3g} {one if median['estimate'] == 1 else many}</b>, the middle half {low['estimate']:.3g} to {high['estimate']:.3g}. "
            f"{f'The largest group: {most}.' if most else ''}{_which(answer)}"
        )

    return says


CHARTS = {
    "dips_by_rule": Chart(
        rows.layers(look.PURPLE),
        _rules_frame("share", "courses", "course", " %", 0),
        _rules_says,
        height=270,
        describes="Share of courses with a possible rupture by each of five rules, with 95 % intervals",
    ),
    "dip_rate": Chart(
        rows.layers(look.PURPLE),
        _rules_frame("mean", "possible", "possible rupture", "", 1),
        _rate_says,
        height=270,
        xlabel="possible ruptures for 100 scored sessions",
        describes="Possible ruptures for 100 scored sessions by each of five rules, with 95 % intervals",
    ),
    "dip_agreement": Chart(
        cells.LAYERS,
        _agreement_frame,
        _agreement_says,
        height=380,
        grid=False,
        describes="Table of rules by rules: share of the sessions in a dip by one that are in a dip by the other",
    ),
    "dips_and_recorded": Chart(
        rows.layers(look.FAINT),
        _recorded_frame,
        _recorded_says,
        height=400,
        describes="For each rule, the share of sessions in a dip: with a rupture on record, and looked at without one",
    ),
    "rupture_episodes": Chart(
        rows.layers(look.PURPLE),
        drawn_rows(words.EPISODES, "possible", "possible rupture", look.PURPLE),
        _episodes_says,
        height=290,
        describes="Share of possible ruptures by shape and by whether the score came back, with 95 % intervals",
    ),
    "episode_depth": Chart(
        rows.layers(look.PURPLE),
        drawn_rows({}, "possible", "possible rupture", look.PURPLE),
        _size_says("a depth of", "point", "points"),
        height=290,
        ylabel="points of 100",
        describes="Share of possible ruptures by how deep they go, with 95 % intervals",
    ),
    "episode_duration": Chart(
        rows.layers(look.PURPLE),
        drawn_rows({}, "possible", "possible rupture", look.PURPLE),
        _size_says("a length of", "session", "sessions"),
        height=290,
        ylabel="attended sessions",
        describes="Share of possible ruptures by how many sessions they last, with 95 % intervals",
    ),
}
