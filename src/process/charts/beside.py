"""The clinic's benchmark beside a therapist's own figure: in words under the sentence, and as a dashed grey line in the figure, named there too."""

from __future__ import annotations

import html

import numpy as np

from process.access import Answer
from process.charts import look
from process.charts.layers import Columns, Layer

LINE = Layer("line", "clinic", {"color": look.FAINT, "line_dash": "dashed", "line_width": 1.8})
MARK = Layer("rules", "clinic", {"color": look.FAINT, "line_dash": "dashed", "line_width": 2})
_REACH = 0.9  # attended sessions to either side, so that a single point is a line, too


def said(answer: Answer) -> str:
    """A paragraph that names the band, the quarter and how many courses, or says why there is nothing to compare with; empty for whoever has no benchmark."""
    beside = answer.benchmark
    if beside is None or answer.missing:
        return ""
    if beside.lacks:
        return f"<p class='beside'>The clinic beside it: {html.escape(beside.lacks)}</p>"
    figures = "; ".join(f"{html.escape(what)} <b>{html.escape(', '.join(values))}</b>" for what, values in beside.told().items())
    return (
        f"<p class='beside'>The clinic in {html.escape(beside.quarter)}, {html.escape(beside.covers)}: {figures}. "
        "The same for every therapist (a supervisor may read a coarser one or none), and all quarter unless a patient is deleted; "
        "rounded, of three quarters of these courses drawn by chance. Your range and filters choose the band, and move your own figures only.</p>"
    )


def line(answer: Answer, group: str = "") -> tuple[np.ndarray, np.ndarray]:
    """The benchmark of a curve as x and y: through its sessions, and a little beyond the first and the last; empty where there is none."""
    rows = answer.benchmark.rows if answer.benchmark is not None else None
    if rows is None or not len(rows):
        return np.zeros(0), np.zeros(0)
    rows = rows[rows["group"] == group]
    x, y = rows["point"].to_numpy(dtype=float), rows["value"].to_numpy(dtype=float)
    return (np.concatenate([[x[0] - _REACH], x, [x[-1] + _REACH]]), np.concatenate([[y[0]], y, [y[-1]]])) if len(x) else (x, y)


def mark(answer: Answer, group: str) -> float:
    """The benchmark of one row; NaN where there is none."""
    rows = answer.benchmark.rows if answer.benchmark is not None else None
    found = rows.loc[rows["group"] == group, "value"] if rows is not None and len(rows) else ()
    return float(found.iloc[0]) if len(found) else float("nan")


def marks(places: np.ndarray, values: np.ndarray) -> Columns:
    """Upright dashed marks across rows at those places."""
    known = np.isfinite(values)
    return {"x0": values[known], "x1": values[known], "y0": places[known] - 0.42, "y1": places[known] + 0.42}
