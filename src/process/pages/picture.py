"""A card's figure to take home: what leaves said first, then a PNG or an SVG of the exported answer; or why there is no picture of it.

Nothing of the screen goes into the file. It is drawn when it is asked for, the viewer looked up once more and the export noted, as for the CSV beside it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import panel as pn

from process.access import Answer
from process.charts import chart
from process.charts.leaving import none_because
from process.charts.picture import FORMS, picture, refusal
from process.errors import NotAllowed, QuestionWrong
from process.pages import look
from process.pages.said import Said
from process.pages.unfolding import Place, Unfolding

_ROUNDED = (
    "What leaves is rounded: counts to 5, means to half a point; what rests on fewer than 8 courses, or would tell of so few, is withheld, "
    "and the picture says so."
)
_NOTHING = "There is no picture of this figure. {} What of the table may leave is in the CSV."


class Picture(Unfolding):
    """The tool of one card of one session, and what it opens; `answer` gives the card's answer of the moment."""

    def __init__(self, name: str, answer: Callable[[], Answer | None], place: Place) -> None:
        super().__init__("Picture", place)
        self._name = name
        self._chart = chart(name)
        self._answer = answer
        self._said = Said(look.TEXT)
        self._files: pn.Row | None = None

    def made(self) -> pn.Column:
        """What leaves, in words, over the files."""
        self._files = pn.Row(*map(self._file, FORMS), margin=0, stylesheets=[look.WRAP], sizing_mode="stretch_width")
        return pn.Column(self._said.pane, self._files, sizing_mode="stretch_width", margin=0)

    def follow(self) -> None:
        """Say of the card's present answer whether there is a picture of it, where somebody has asked."""
        answer = self._answer()
        if not self.tool.value or self._files is None or answer is None:
            return
        reason = "" if answer.kept_back else none_because(answer.would_leave(), self._chart)
        said = answer.leaving_said if answer.kept_back else " ".join(filter(None, (_NOTHING.format(reason) if reason else _ROUNDED, answer.leaving_said)))
        self._said.say(f"<p class='hint' role='status'>{look.escape(said)}</p>")
        self._files.visible = not reason and not answer.kept_back

    def _file(self, form: str) -> pn.widgets.FileDownload:
        return pn.widgets.FileDownload(
            callback=partial(self._export, form),
            filename=f"{self._name}.{form}",
            label=form.upper(),
            embed=False,
            auto=True,
            stylesheets=[look.LINK],
            sizing_mode="fixed",
            width=56,
            margin=0,
        )

    def _export(self, form: str) -> io.BytesIO:
        answer = self._answer()
        if answer is None:
            return io.BytesIO(refusal("This figure has not been drawn yet.", form))
        try:
            return io.BytesIO(picture(answer.exported(form), self._chart, form))
        except (NotAllowed, QuestionWrong) as refused:
            return io.BytesIO(refusal(str(refused), form))
