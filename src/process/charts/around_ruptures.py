"""The alliance around recorded ruptures drawn apart: by kind, by whose move, by length of therapy. Descriptions; nothing is compared."""

from __future__ import annotations

from process.access import Answer
from process.charts import look, panels
from process.charts import rupture_words as words
from process.charts.chart import Chart
from process.charts.curves import Line, Reading, drawn, offsets_axis
from process.charts.layers import Frame
from process.charts.words import headline, interval, number, plain

_COLOURS = (look.BLUE, look.VERMILLION, look.PURPLE, look.GREEN, look.INK)


def _chart(key: str, names: dict[str, str], what: str, height: int, wide: bool = False) -> Chart:
    plan = panels.Panels(tuple(Line(group, name, colour) for (group, name), colour in zip(names.items(), _COLOURS, strict=False)), "ruptures with a score")
    reading = Reading("offset", "mean", "ruptures", key, panels.tip(names, key))

    def frame(answer: Answer) -> Frame:
        return plan.frame(drawn(answer.table, "mean", "offset"), reading, offsets_axis(-3, 6), list(names.values()))

    def says(answer: Answer) -> str:
        said = []
        for group, name in names.items():
            row = headline(answer, group)
            if row is not None and row["courses"] >= 5:
                said.append(f"{name} <b>{plain(row['estimate'], sign=True)}</b> ({interval(row)}; {number(row['ruptures'], 'rupture')})")
        if not said:
            return "Too few recorded ruptures with a score to describe the session in which they showed."
        return (
            f"In the session of the rupture the patient's alliance stands from its own level before, in points: {'; '.join(said)}. "
            "A description: the groups are not compared, and the numbers under the points are ruptures with a score."
        )

    return Chart(
        plan.layers(),
        frame,
        says,
        height=height,
        xlabel="attended sessions before and after the rupture",
        wide=wide,
        describes=f"Small curves around a rupture, one {what}: change from own level with 95 % bands, ruptures with a score under each point",
    )


CHARTS = {
    "alliance_after_rupture_by_kind": _chart("kind", words.KINDS, "for each kind", 560),
    "alliance_after_rupture_by_whom": _chart("moved_by", words.WHOSE, "for each mover", 560),
    "alliance_after_rupture_by_length": _chart("length_band", words.BANDS, "for each band of length", 760, wide=True),
}
