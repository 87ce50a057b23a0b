"""A page: its question, its filters, its cards, and one way from a changed filter to every figure."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from traceback import extract_tb

import panel as pn
from bokeh.models import CustomJS, TextInput

from process.access import Answer, Clinic, Cohort, Lease
from process.access.cohort import LISTS
from process.charts import READY
from process.errors import NotAllowed
from process.measures import catalogue
from process.pages import about_cohort, look, session
from process.pages.card import Card
from process.pages.filters import BUSY, Filters
from process.pages.ordered import in_order
from process.pages.said import Said

pn.extension(sizing_mode="stretch_width", inline=True)  # inline: in Jupyter, too, nothing is fetched from another host

FIRST = 3
"""Cards that are drawn before the page is sent, and that follow a range while it moves; the rest come right after, in their order."""
DRAGGING = 0.3
"""Seconds: a move sooner than this after an answer belongs to a drag, of which more will come."""
GATHER = 6
"""Milliseconds in which the moves of a drag are gathered before the latest is answered."""
FAILED = "This could not be worked out, and the figures below may be older ones. Load the page again; if it happens again, tell whoever runs the server."
CHIPS = ("length", "start", *LISTS)
SETTLED = """
const [query, range] = cb_obj.value.split('|')
window.answered = range
if (!window.moving || range == slider.value.map(Math.round).join('-')) document.body.classList.remove('busy')
document.querySelectorAll('a[data-keeps]').forEach(a => a.setAttribute('href', a.pathname + (query ? '?' + query : '')))
clearTimeout(window.settling)
window.settling = setTimeout(() => history.replaceState({}, '', location.pathname + (query ? '?' + query : '') + location.hash), 250)
"""
COPY = """
const box = document.createElement('textarea')
box.value = location.href.split('#')[0]
document.body.appendChild(box); box.select(); document.execCommand('copy'); box.remove()
source.label = 'Link copied'
setTimeout(() => { source.label = 'Copy link' }, 1600)
"""


class _Sheet(pn.Template):
    """Panel describes a template in words, with all that is in it, whenever something is added to it: a third of what opening a page cost."""

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {len(self._render_items)} parts"


@dataclass(frozen=True)
class Plan:
    """What a page is: its name, its label in the navigation, the question it asks, the length basis it starts from, and the cards drawn on request only."""

    name: str
    label: str
    question: str
    basis: str
    on_request: tuple[str, ...] = ()


def figures(plan: Plan) -> list[str]:
    """The measures of a page in the order of its cards: those drawn with it, then those drawn on request."""
    names = [name for name in catalogue.names(plan.name) if name != "lengths"]
    return sorted(names, key=lambda name: name in plan.on_request)


def first_figures(plan: Plan) -> list[str]:
    """The measures whose figures a page is sent with."""
    return [name for name in figures(plan) if name not in plan.on_request][:FIRST]


class Page:
    """One page of one session."""

    def __init__(self, plan: Plan, clinic: Clinic | None = None, query: str | None = None, navigation: dict[str, str] | None = None) -> None:
        self.plan = plan
        self._navigation = navigation or {plan.name: plan.label}
        self.clinic = clinic if clinic is not None else session.clinic()
        options = self.clinic.options()
        link = session.query() if query is None else query
        self._basis = self.clinic.basis(plan.basis)
        self.cohort, problems = Cohort.from_query(link, self._basis, options)
        self._lease: Lease = self.clinic.prepare(plan.name, self.cohort, first_figures(plan))
        self._moves = self._told = 0
        self._finished = 0  # the latest move that every card has been answered for
        self._failed = -1  # the latest move whose figures could not be made
        self._prepare = False
        self._answered = 0.0
        lengths = self._lease.answer("lengths", self.cohort.length)
        self.filters = Filters(self.cohort, options, lengths, self.clinic.viewer.names)
        names = figures(plan)
        self.cards = {name: Card(name, self._opened if name in plan.on_request else None) for name in names}
        at_first = first_figures(plan) if session.served() else names
        self._show([name for name in at_first if not self.cards[name].closed])
        self._summary = Said(look.TEXT)
        self._alerts = Said(look.TEXT)
        self._chips = {name: pn.widgets.Button(label=name, stylesheets=[look.CHIP], margin=(0, 6, 4, 0), visible=False, width_policy="min") for name in CHIPS}
        self._reset = pn.widgets.Button(label="Reset", stylesheets=[look.LINK], margin=(0, 12, 4, 0))
        self._copy = pn.widgets.Button(label="Copy link", stylesheets=[look.LINK], margin=(0, 12, 4, 0))
        self._settled = TextInput(value="", visible=False)
        self._wire()
        self._tell(lengths)
        self._complain(problems)
        self._settle()

    def _wire(self) -> None:
        self.cohort.param.watch(self._changed, ["basis", "length", "start", *LISTS])
        for name, chip in self._chips.items():
            chip.on_click(lambda event, name=name: self._without(name))
            chip.js_on_click(code=BUSY)
        self._reset.on_click(lambda event: self._start_again())
        self._reset.js_on_click(code=BUSY)
        self._copy.js_on_click(args={"source": self._copy}, code=COPY)
        self._settled.js_on_change("value", CustomJS(args={"slider": self.filters.length.model}, code=SETTLED))
        self.filters.unchanged = self._settle

    def _changed(self, *events: object) -> None:
        """A filter changed. A range that is being dragged is followed at once, and then as fast as answers can be given: what was overtaken is left out."""
        self._moves += 1
        self._prepare |= any(getattr(event, "name", "") != "length" for event in events)
        document = pn.state.curdoc if session.served() else None
        if document is None or time.monotonic() - self._answered > DRAGGING:
            self._answer()
        else:
            document.add_timeout_callback(partial(self._answer, self._moves), GATHER)

    def _answer(self, move: int | None = None) -> None:
        """Prepare again unless only the range moved, then give the first additive cards their new answers; the others one a tick, the first ones first."""
        if move is not None and move != self._moves:
            return
        with self._refusals(later=move is not None):
            if self._prepare:
                self._lease = self.clinic.prepare(self.plan.name, self.cohort, self._at_once())
                self._prepare = False
            lengths = self._lease.answer("lengths", self.cohort.length)
            self._show(self._at_once())
            self._tell(lengths)
            self._complain([])
        if self._failed == self._moves:
            return
        self._answered = READY.in_use = time.monotonic()
        self._follow(self._moves, [name for name, card in self.cards.items() if name not in self._at_once() and not card.closed])

    def _follow(self, move: int, names: list[str]) -> None:
        """What is left of a move, a card a tick, so that another move is never kept waiting for it."""
        if session.served():
            pn.state.curdoc.add_next_tick_callback(partial(self._finish, move, names))
        else:
            self._finish(move, names)

    def _finish(self, move: int, names: list[str]) -> None:
        """The next card of a move, unless another move has begun; after the last the page has settled."""
        if move != self._moves:
            return
        with self._refusals(later=True):
            self._show(names[:1])
        if self._failed == move:
            return
        self._answered = READY.in_use = time.monotonic()
        if names[1:]:
            self._follow(move, names[1:])
        else:
            self._finished = move
            self._settle()

    def _opened(self, name: str) -> None:
        """Somebody asked for a figure that is drawn on request only."""
        with self._refusals():
            self._show([name])
        self._answered = READY.in_use = time.monotonic()
        self._settle()

    def _at_once(self) -> list[str]:
        """The cards that follow a moving range without delay: the page's first ones, but for what is matched anew."""
        return [name for name in list(self.cards)[:FIRST] if catalogue.measure(name).additive]

    def _settle(self) -> None:
        """Tell the page that its last change has been answered, once it has been in every card: for which range, and what the address is now."""
        if self._finished != self._moves:
            return
        self._told += 1
        low, high = self.filters.length.value
        self._settled.value = f"{self.cohort.to_query(self._basis)}|{low}-{high}|{self._told}"

    def _start_again(self) -> None:
        if self.cohort.to_query(self._basis):
            self.cohort.reset(self._basis)
        else:
            self._settle()

    def _show(self, names: list[str]) -> None:
        for name in names:
            self.cards[name].show(self._lease.answer(name, self.cohort.length))

    @contextmanager
    def _refusals(self, later: bool = False) -> Iterator[None]:
        """A viewer who may not ask any more is told so, and nothing else. What changes meanwhile is sent in order.

        `later`: this is not the answer to a message of the page. What fails in one, closes it; what fails later is said on it.
        """
        with in_order():
            try:
                yield
            except NotAllowed as refused:
                self._complain([str(refused)])
            except Exception as failed:
                if not later or not session.served():
                    raise
                # A defect of ours, in a callback that answers to nobody: Bokeh would lose with it what the page is to be sent. The page stays marked as busy.
                frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in extract_tb(failed.__traceback__)[-6:]]
                logging.getLogger("therapy_process").error("A figure was not made: %s at %s", type(failed).__name__, " < ".join(reversed(frames)))
                self._complain([FAILED])
                self._failed = self._moves

    def _without(self, name: str) -> None:
        empty = {"length": None, "start": ("", "")}
        self.cohort.param.update(**{name: empty.get(name, [])})

    def _tell(self, lengths: Answer) -> None:
        self.filters.show(lengths, about_cohort.counted(lengths, self.cohort))
        self._summary.say(about_cohort.summary(lengths))
        for name, chip in self._chips.items():
            text = about_cohort.chip(name, self.cohort, self.filters.names)
            wanted = {"visible": bool(text)} | ({"label": f"{text} ✕"} if text else {})
            if any(getattr(chip, key) != value for key, value in wanted.items()):
                chip.param.update(**wanted)

    def _complain(self, problems: list[str]) -> None:
        """Say what is wrong, and whether there are newer records; a link with no address opens this very address again, with its filters."""
        records = self.clinic.records
        also = [records.ended] if records.ended and not problems else [records.news] if records.news and not records.ended else []
        items = [look.escape(text) for text in (*problems, *also)]
        if records.news or records.ended:
            items[-1] += " <a href=''>Reload the page</a> to see what is served now."
        self._alerts.say(f"<div class='alert' role='alert'><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul></div>" if items else "")

    def servable(self) -> pn.Template:
        """The page as it is served."""
        template = _Sheet(_text("page.html"))
        viewer = self.clinic.viewer
        waiting = [name for name, card in self.cards.items() if card.waiting]
        for name in waiting:
            self.cards[name].make_room()
        template.add_variable(
            "app",
            {
                "question": self.plan.question,
                "here": self.plan.name,
                "navigation": self._navigation,
                "range": "-".join(str(end) for end in self.filters.length.value),
                "query": self.cohort.to_query(self._basis),
                "person": viewer.name or viewer.role,
                "sees": viewer.sees,
                "css": look.PAGE,
                "sees_log": viewer.role == "director" and session.served(),
                "staying": asdict(stays) if (stays := session.staying()) is not None else None,
                "signed_in": look.SIGNED_IN,
                "waiting": bool(waiting),
                "cards": [
                    {"id": name, "question": card.question, "wide": card.wide, "describes": card.describes, "closed": card.closed}
                    for name, card in self.cards.items()
                ],
            },
        )
        template.add_panel("summary", self._summary.pane)
        template.add_panel("alerts", self._alerts.pane)
        chips = (*self._chips.values(), self._reset, self._copy, pn.pane.Bokeh(self._settled))
        template.add_panel("chips", pn.Row(*chips, css_classes=["tight"], stylesheets=[look.WRAP], sizing_mode="stretch_width", margin=0))
        template.add_panel("filters", self.filters.panel)
        for name, card in self.cards.items():
            template.add_panel(name, card.body)
        if waiting:
            self._finished = self._moves - 1
            pn.state.onload(partial(self._finish, self._moves, waiting))
        # Bokeh would walk through the whole document for each of the callbacks that are added; once, at the end, is enough.
        with pn.state.curdoc.models.freeze() if pn.state.curdoc else nullcontext():
            return template.servable(title=f"{self.plan.label} · Therapy process")

    def card(self, name: str) -> pn.Column:
        """One card with its question, as notebooks show it."""
        own = self.cards[name]
        if session.served():  # the served page runs this cell, too, and has the card in its own place
            return own.body
        own.ask()
        return pn.Column(pn.pane.HTML(f"<h3>{own.question}</h3>", margin=0), own.body, sizing_mode="stretch_width")


def _text(name: str) -> str:
    return resources.files("process.pages").joinpath(name).read_text("utf-8")
