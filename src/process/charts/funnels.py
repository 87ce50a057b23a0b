"""A funnel drawn: each therapist's share against the effective number of courses behind it, with limits around the clinic's share. Never an order by share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.layers import BLANK, RULES, TEXT, Axis, Frame, Layer, as_columns
from process.charts.words import called, interval, number, plain
from process.measures.comparison import LEVELS, limits

_SMALLEST = 5
_LONGEST_NAME = 24
_CHANCE = Layer("line", "chance", {"color": look.FAINT, "line_dash": "dotted", "line_width": 1.2})
_WARNING = Layer("line", "limits 95", {"color": look.BLUE, "line_dash": "dashed", "line_width": 1.6})
_OUTER = Layer("line", "limits 99.8", {"color": look.BLUE, "line_width": 2.2})
_LAYERS = (
    _CHANCE,
    _WARNING,
    _OUTER,
    Layer("rules", "target", {"color": look.INK}),
    Layer("rules", "moved", {"color": look.FAINT, "line_alpha": 0.7}),
    Layer("points", "points", {"size": 9}),
    Layer("text", "text"),
)
_WORDS = {0.0: "inside the limits", 95.0: "beyond the 95 % limits", 99.8: "beyond the 99.8 % limits"}


def _compared(answer: Answer) -> pd.DataFrame:
    table = answer.table[answer.table["therapist_id"] != ""]
    return table[np.isfinite(table["adjusted"].to_numpy(dtype=float))]


def _frame(answer: Answer) -> Frame:
    rows, clinic = _compared(answer), answer.notes
    if not len(rows):
        return BLANK
    n, share, corrected, level = (rows[name].to_numpy(dtype=float) for name in ("effective", "share", "adjusted", "beyond"))
    last = float(max(n.max(), 40.0) * 1.06)
    first = max(min(_SMALLEST, int(n.min())), 1)
    sizes = np.arange(first, int(last) + 1, max(1, int(last) // 300), dtype=float)
    target = 100.0 * clinic["target"]
    drawn, ends = {}, []
    for name, step in (("limits 95", LEVELS[0]), ("limits 99.8", LEVELS[1])):
        both = limits(sizes, clinic["target"], clinic["tau"], step)
        drawn[name] = _pair(sizes, both["usual"])
        ends.append((100.0 * both["usual"][1][-1], f"{100 * step:g} %"))
        drawn["chance"] = _pair(sizes, both["chance"])  # the last is drawn: the outer one
    beyond = level > 0
    widest = limits(np.array([max(float(n.min()), first)]), clinic["target"], clinic["tau"], LEVELS[1])["usual"]
    known = np.concatenate([share, corrected, 100.0 * widest[0], 100.0 * widest[1]])
    low, high = float(np.floor(known.min() / 10) * 10), float(min(np.ceil(known.max() / 10) * 10, 100.0))
    drawn = {name: {"x": line["x"], "y": np.where((line["y"] >= low) & (line["y"] <= high), line["y"], np.nan)} for name, line in drawn.items()}
    names = np.array(["you" if answer.own else called(answer, code, _LONGEST_NAME) for code in rows["therapist_id"]], dtype=object)
    tips = [_tip(str(name), row) for name, row in zip(names, rows.to_dict("records"), strict=True)]
    up = (high - low) * 0.025
    texts = [(last, min(y, high) + up, words, look.BLUE, "right") for y, words in ends]
    texts.append((last, max(100.0 * both["chance"][0][-1], low) + up, "chance alone, 99.8 %", look.FAINT, "right"))
    texts.append((last, target + up, f"clinic {target:.0f} %", look.INK, "right"))
    for x, y, name, out in zip(n, corrected, names, beyond, strict=True):
        if out or answer.own:
            texts.append((x, y + (1.0 if y >= target else -1.0) * (high - low) * 0.045, str(name), look.INK, "center"))
    layers = {
        **drawn,
        "target": as_columns([(0.0, target, last, target)], RULES),
        "moved": {"x0": n, "y0": share, "x1": n, "y1": corrected},
        "points": {"x": n, "y": corrected, "colour": np.where(beyond, look.VERMILLION, look.GREEN).astype(object), "tip": np.array(tips, dtype=object)},
        "text": as_columns(texts, TEXT),
    }
    step = 20 if last <= 120 else 50 if last <= 400 else 100 if last <= 900 else 500
    x = Axis(0.0, last * 1.02, {float(at): str(at) for at in range(0, int(last) + 1, step)})
    return Frame(layers, x, Axis(low - 2 * up, high + (high - low) * 0.06, {float(at): f"{at:g} %" for at in np.arange(low, high + 1, 10)}))


def _pair(x: np.ndarray, edges: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    return {"x": np.concatenate([x, [np.nan], x]), "y": 100.0 * np.concatenate([edges[0], [np.nan], edges[1]])}


def _tip(name: str, row: dict) -> str:
    corrected = f"{plain(row['adjusted'], 0)} % with the case mix taken out, {plain(row['share'], 0)} % as counted"
    drawn = f"most likely {plain(row['shrunk'], 0)} % ({plain(row['shrunk_lower'], 0)} to {plain(row['shrunk_upper'], 0)})"
    size = f"{number(row['courses'], 'course')}, as telling as {plain(row['effective'], 0)} with the clinic's chance"
    return f"{name}: {corrected}; {drawn}; {_WORDS[row['beyond']]} · {size}"


def _lead(answer: Answer, did: str) -> str:
    row = answer.headlines.loc["compared"]
    courses = f"{'your ' if answer.own else ''}{number(row['courses'], 'course')} that have ended"
    return did.format(courses=courses, share=f"{row['estimate']:.0f} %", interval=interval(row, " %", 0))


def _lacks_for(did: str):
    def lacks(answer: Answer) -> str:
        if len(_compared(answer)):
            return ""
        row = answer.headlines.loc["compared"]
        lead = _lead(answer, did) + ". " if np.isfinite(row["estimate"]) else ""
        minimum, several = answer.definition.parameter("minimum_courses"), answer.definition.parameter("minimum_therapists")
        if answer.filtered:
            shown = "You are compared" if answer.own else "They are compared" if answer.scope is not None else "Therapists are shown apart"
            return f"{lead}{shown} without filters and with every length only: take the filters and the range away."
        if answer.scope is not None and not answer.own:
            return f"{lead}None of these therapists has {minimum:.0f} courses that have ended and can be counted here, so none is compared."
        if answer.unseen and not answer.own:
            return f"{lead}No therapist is shown. {answer.unseen[0]}"
        if answer.own and row["courses"] < minimum:
            return f"You have {number(row['courses'], 'course')} that have ended and can be counted here; fewer than {minimum:.0f} are not compared."
        return f"{lead}Nobody is compared: fewer than {several:.0f} therapists have {minimum:.0f} such courses or more."

    return lacks


def _says_for(did: str):
    def says(answer: Answer) -> str:
        rows, clinic = _compared(answer), answer.notes
        spread = _spread(clinic)
        if answer.own:
            row = rows.iloc[0].to_dict()
            where = _WORDS[row["beyond"]]
            drawn = f"drawn towards the clinic's it is {row['shrunk']:.0f} % ({row['shrunk_lower']:.0f} to {row['shrunk_upper']:.0f} %)"
            corrected = (
                f"with what your patients brought taken out it is {row['adjusted']:.0f} %, <b>{where}</b> around the clinic's {100 * clinic['target']:.0f} %"
            )
            return f"{_lead(answer, did)}; {corrected}, and {drawn}. {spread}"
        outer, inner = (int((rows["beyond"] == level).sum()) for level in (99.8, 95.0))
        out = outer + inner
        if out == 0:
            found = f"<b>{f'all {len(rows)} therapists lie' if len(rows) > 1 else 'this therapist lies'} inside the limits</b>"
        else:
            of = f" ({outer} of them beyond 99.8 %)" if outer else ""
            lies = "lies" if out == 1 else "lie"
            chance = f"; by chance at most about {max(len(rows) * 0.05, 1):.0f} would" if len(rows) > 1 else ""
            whole = f"{out} of {len(rows)} therapists {lies}" if len(rows) > 1 else "this therapist lies"
            found = f"<b>{whole} beyond the 95 % limits</b>{of}{chance}"
        named = answer.table[(answer.table["therapist_id"] != "") & ~answer.table["withheld"]]
        few = len(named) - len(rows)
        minimum = answer.definition.parameter("minimum_courses")
        left = f" {number(few, 'therapist')} {'is' if few == 1 else 'are'} not compared: fewer than {minimum:.0f} courses." if few else ""
        left += f" {answer.unseen[0]}" if answer.unseen else ""
        return f"{_lead(answer, did)}. With the case mix taken out, {found}. {spread}{left}"

    return says


def _spread(clinic: dict) -> str:
    if "variance_share" not in clinic:
        return ""
    low, high = (100 * clinic[name] for name in ("variance_share_from", "variance_share_to"))
    here = _percent(100 * clinic["variance_share"])
    literature = "in the literature about 5 % of outcome"
    return f"Therapists account for {here} of the differences between courses here ({_number(low)} to {_percent(high)}; {literature})."


def _percent(value: float) -> str:
    return f"{_number(value)} %"


def _number(value: float) -> str:
    return "under 0.1" if 0 < value < 0.1 else plain(value, 1 if value < 10 else 0)


_STOPPED = "Of {courses}, the patient stopped <b>{share}</b> ({interval})"
_IMPROVED = "Of {courses} and have two scores or more, <b>{share}</b> improved reliably ({interval})"


def _chart(did: str, ylabel: str, describes: str) -> Chart:
    return Chart(
        _LAYERS, _frame, _says_for(did), height=420, xlabel="effective number of courses", ylabel=ylabel, wide=True, lacks=_lacks_for(did), describes=describes
    )


CHARTS = {
    "fair_comparison_dropout": _chart(
        _STOPPED,
        "stopped by the patient, case mix taken out",
        "Funnel: share of courses that the patient stopped by effective number of courses, a dot a therapist, with limits",
    ),
    "fair_comparison_improvement": _chart(
        _IMPROVED,
        "reliably improved, case mix taken out",
        "Funnel: share of courses that improved reliably by effective number of courses, a dot a therapist, with limits",
    ),
}
