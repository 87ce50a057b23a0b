"""A picture of an exported answer, as PNG or SVG: the question, the sentence, the figure, what is withheld, how it is rounded, and the stamp.

It is drawn on the server from what may leave and from nothing else, by the same charts as the page, and in a file there is nothing but what is seen: no exact
figure, no tip of the pointer, no script, no word of where or with what it was made. matplotlib draws it, because it writes both forms without a browser.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from process.access.answer import Exported
from process.charts import leaving, look
from process.charts.chart import Chart
from process.charts.inked import LETTERS, POINT, ink
from process.errors import QuestionWrong

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMS = ("png", "svg")
_WIDE, _NARROW, _MARGIN, _GAP = 960, 760, 24, 10
_SHARP = 2
"""Dots of a PNG for each pixel, so that it prints well."""
_SVG = "http://www.w3.org/2000/svg"
_STYLE = {"font.family": ["DejaVu Sans"], "svg.fonttype": "none", "svg.hashsalt": "therapy-process", "axes.unicode_minus": False}
"""Texts of an SVG stay texts: they can be read aloud, searched and set in larger type."""


def picture(exported: Exported, chart: Chart, form: str) -> bytes:
    """The file. `QuestionWrong` where `leaving.none_because` says why there is no picture of it, and for a form that is none."""
    reason = leaving.none_because(exported, chart)
    if reason:
        raise QuestionWrong(f"There is no picture of this figure. {reason} The table that may leave is there as CSV.")
    return _written(lambda: composed(exported, chart), exported.definition.question, form)


def refusal(text: str, form: str) -> bytes:
    """A file of that form that says only that nothing was exported, and why."""
    return _written(
        lambda: _page(_NARROW, [("Nothing was exported.", 19, "bold", look.INK), (text, 14, "normal", look.INK)], []), "Nothing was exported.", form
    )


def composed(exported: Exported, chart: Chart) -> Figure:
    """The picture as a figure of matplotlib's, its texts and marks in place."""
    above = [(exported.definition.question, 19, "bold", look.INK), (leaving.sentence(exported, chart), 14, "normal", look.INK)]
    below = [(line, 11, "normal", look.FAINT) for line in leaving.notes(exported, chart)]
    return _page(_WIDE if chart.wide else _NARROW, above, below, (chart, leaving.frame(exported, chart)))


Paragraph = tuple[str, int, str, str]
"""A text, its size in pixels, its weight and its colour."""


def _page(width: int, above: Iterable[Paragraph], below: Iterable[Paragraph], drawn: tuple | None = None) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 100, 10), dpi=100, facecolor="white")
    measure = FigureCanvasAgg(figure).get_renderer()
    room = width - 2 * _MARGIN
    head, foot = (_Block(paragraphs, room, measure) for paragraphs in (above, below))
    chart, frame = drawn or (None, None)
    tall = chart.height + (_GAP + 2 * LETTERS if chart.xlabel else 2 * LETTERS) if chart else 0
    height = _MARGIN + head.height + (_GAP + tall + 2 * _GAP if chart else 0) + foot.height + _MARGIN
    figure.set_size_inches(width / 100, height / 100)
    head.put(figure, _MARGIN, "said")
    if chart is not None:
        names = max((_wide(measure, label, LETTERS) for label in frame.y.ticks.values()), default=0.0)
        left = _MARGIN + names + 8 + (22 if chart.ylabel else 0)
        bottom = _MARGIN + foot.height + 2 * _GAP + tall - chart.height
        axes = figure.add_axes((left / width, bottom / height, (width - _MARGIN - left) / width, chart.height / height))
        _bare(axes, chart)
        ink(axes, chart.layers, frame)
        foot.put(figure, height - _MARGIN - foot.height, "note")
        _inside(figure, axes, measure)
    return figure


class _Block:
    """Paragraphs broken into lines that fit, and how high they are together."""

    def __init__(self, paragraphs: Iterable[Paragraph], room: float, measure) -> None:
        self.lines = []
        self.height = 0.0
        for text, size, weight, colour in paragraphs:
            for line in _broken(text, room, size, weight, measure):
                self.lines.append((self.height, line, size, weight, colour))
                self.height += 1.35 * size
            self.height += 0.45 * size

    def put(self, figure: Figure, top: float, name: str) -> None:
        """Write the lines, the first one `top` pixels under the upper edge."""
        width, height = figure.get_size_inches() * 100
        for down, line, size, weight, colour in self.lines:
            how = {"fontsize": size * POINT, "fontweight": weight, "color": colour, "va": "top", "ha": "left", "parse_math": False, "gid": name}
            figure.text(_MARGIN / width, 1 - (top + down) / height, line, **how)


def _broken(text: str, room: float, size: int, weight: str, measure) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if _wide(measure, longer, size, weight) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _wide(measure, text: str, size: float, weight: str = "normal") -> float:
    from matplotlib.font_manager import FontProperties

    return measure.get_text_width_height_descent(text, FontProperties(size=size * POINT, weight=weight), False)[0]


def _bare(axes, chart: Chart) -> None:
    """Quiet axes, as on the page."""
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, pad=5)
    if chart.grid:
        axes.grid(axis="y", color=look.RULE, linewidth=0.6)
        axes.set_axisbelow(True)
    how = {"color": look.FAINT, "fontsize": LETTERS * POINT, "parse_math": False}
    axes.set_xlabel(chart.xlabel, **how)
    axes.set_ylabel(chart.ylabel, **how)


def _inside(figure: Figure, axes, measure) -> None:
    """Move a text that the picture's edge would cut back into it."""
    width = figure.get_size_inches()[0] * 100
    for text in axes.texts:
        box = text.get_window_extent(measure)
        over = max(box.x1 - (width - 6), 0.0) or min(box.x0 - 6, 0.0)
        if over:
            at = axes.transData.transform(text.get_position())
            text.set_x(axes.transData.inverted().transform((at[0] - over, at[1]))[0])


def _written(make, title: str, form: str) -> bytes:
    """The figure as a file of that form, drawn with our own style whatever a reader's matplotlib is set to, and without what matplotlib says of itself."""
    if form not in FORMS:
        raise QuestionWrong(f"`{form}` is no form of a picture. Forms are: {', '.join(FORMS)}.")
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it would write where it keeps its fonts into the server's log
    import matplotlib

    out = io.BytesIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        if form == "png":
            make().savefig(out, format="png", dpi=100 * _SHARP, metadata={"Software": None})
            return out.getvalue()
        make().savefig(out, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _svg(out.getvalue(), title)


def _svg(written: bytes, title: str) -> bytes:
    """The same SVG with a title for whoever has it read aloud, fonts that every machine has, and no metadata, comment, document type or name of a program."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(written)
    for part in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(part)
    for part in root.iter():
        if part.get("id", "").startswith("matplotlib"):
            del part.attrib["id"]
    for part in root.iter(f"{{{_SVG}}}text"):
        part.set("style", part.get("style", "").replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif"))
    name = ElementTree.Element(f"{{{_SVG}}}title")
    name.text = title
    root.insert(0, name)
    root.set("role", "img")
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
