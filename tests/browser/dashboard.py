"""A page as a person in front of it has it: what it shows, and the few things one does to it. Read through roles, headings and Bokeh's own state."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, TimeoutError, expect

READING = """
window.reading = (() => {
  const deep = (root, wanted) => {
    const found = [...root.querySelectorAll(wanted)]
    root.querySelectorAll('*').forEach(part => { if (part.shadowRoot) found.push(...deep(part.shadowRoot, wanted)) })
    return found
  }
  const section = name => document.getElementById(name)
  const model = name => Bokeh.documents[0].get_model_by_id(section(name).querySelector('[data-root-id]').dataset.rootId)
  const sources = name => [...model(name).references()].filter(part => part.type === 'ColumnDataSource').map(source =>
    Object.fromEntries(Object.entries(source.data).map(([column, values]) => [column, Array.from(values)])))
  // Axes, grid and names are grey: what is coloured is data.
  const coloured = canvas => {
    if (!canvas.width || !canvas.height) return 0
    // A copy is read: reading a canvas itself makes the browser warn and draw it differently from then on.
    const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true})
    context.drawImage(canvas, 0, 0)
    const dots = context.getImageData(0, 0, canvas.width, canvas.height).data
    let count = 0
    for (let at = 0; at < dots.length; at += 4) {
      if (dots[at + 3] > 60 && Math.max(dots[at], dots[at + 1], dots[at + 2]) - Math.min(dots[at], dots[at + 1], dots[at + 2]) > 40) count += 1
    }
    return count
  }
  const card = (name, whole = true) => {
    const canvases = deep(section(name), 'canvas').filter(canvas => canvas.checkVisibility() && canvas.getBoundingClientRect().width > 0)
    const boxes = canvases.map(canvas => canvas.getBoundingClientRect())
    return {
      name,
      question: section(name).querySelector('h2').innerText.trim(),
      sentence: (deep(section(name), 'p').find(text => text.innerText.trim()) ?? {innerText: ''}).innerText,
      width: Math.max(0, ...boxes.map(box => box.width)),
      height: Math.max(0, ...boxes.map(box => box.height)),
      right: Math.max(0, ...boxes.map(box => box.right)),
      coloured: Math.max(0, ...canvases.map(coloured)),
      sources: whole ? sources(name) : [],
    }
  }
  const painted = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
  const settled = () => document.body.classList.contains('drawn') && !document.body.classList.contains('busy') && Bokeh.documents[0].is_idle
  // From the hand's own event to the sign that the page has noticed, both in the page's clock.
  const watch = kind => {
    window.noticed = null
    addEventListener(kind, () => {
      const moved = performance.now()
      new MutationObserver((changes, observer) => {
        if (document.body.classList.contains('busy')) { window.noticed = performance.now() - moved; observer.disconnect() }
      }).observe(document.body, {attributes: true, attributeFilter: ['class']})
    }, {capture: true, once: true})
  }
  // A figure that is drawn on request only is no card yet: its question stands there with a button.
  const asked = part => !deep(part, 'button').some(button => button.checkVisibility() && button.innerText.trim() == 'Show this figure')
  const cards = whole => [...document.querySelectorAll('section.card')].filter(asked).map(part => card(part.id, whole))
  const answers = (card, words) => card.sentence && (card.coloured > 40 || (!card.width && words.some(part => card.sentence.includes(part))))
  const answered = words => cards(false).every(card => answers(card, words))
  return {cards, answered, painted, settled, watch}
})()
"""

POLLING = 50
"""Milliseconds between two looks at a page that is waited for. Playwright looks with every frame, which makes the browser paint frames, and no GPU does it."""
REASONS = ("Too few", "To see it, record", "No sessions of these courses")


@dataclass(frozen=True)
class Shown:
    """One card as it stands on the page."""

    name: str
    question: str
    sentence: str
    width: float
    height: float
    right: float
    coloured: int
    sources: list[dict[str, list[Any]]]

    @property
    def drawn(self) -> bool:
        """A figure of some size, with coloured marks on it and finite numbers behind them."""
        return self.width > 150 and self.height > 150 and self.coloured > 40 and self.finite > 1

    @property
    def reason(self) -> bool:
        """No figure at all, and words that say why."""
        return self.width == 0 and any(words in self.sentence for words in REASONS)

    @property
    def finite(self) -> int:
        """Marks with finite places, over all layers that are not text."""
        layers = [source.get("y", source.get("top", source.get("y1", []))) for source in self.sources if "text" not in source]
        return sum(isinstance(value, int | float) and math.isfinite(value) for layer in layers for value in layer)

    @property
    def data(self) -> str:
        """Everything the figure is drawn from, comparable."""
        return json.dumps(sorted(json.dumps(source, sort_keys=True) for source in self.sources))

    def layer(self, *columns: str) -> dict[str, list[Any]]:
        """The one source that has these columns and a tip to read at each mark."""
        found = [source for source in self.sources if set(columns) <= set(source) and any(source.get("tip", []))]
        assert len(found) == 1, f"{self.name}: {len(found)} layers have {columns}"
        return found[0]


class Dashboard:
    """One tab of one person."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, name: str, query: str = "") -> Dashboard:
        """Open a page by name, with a link's query where there is one."""
        self.page.goto(f"{self.address}/{name}{'?' + query if query else ''}")
        return self.settle()

    def settle(self) -> Dashboard:
        """Wait until everything is drawn and no answer is under way."""
        self.page.wait_for_function("window.Bokeh?.documents.length > 0 && reading.settled()", polling=POLLING)
        self.page.evaluate("reading.painted()")
        return self

    def clean(self) -> Dashboard:
        """Without any filter, as the page is first opened."""
        self.page.bring_to_front()
        if self.kept:
            self.reset.click()
            self.settle()
            expect(self.page).to_have_url(re.compile(r"/\w+$"))
        elif not re.search(r"/\w+$", self.page.url):
            self.open(self.name)
        return self

    @property
    def name(self) -> str:
        """The page's name in its address."""
        return self.page.url.split("?")[0].split("#")[0].rsplit("/", 1)[-1]

    @property
    def kept(self) -> str:
        """The state that the navigation would carry on to the next page."""
        return (self.page.get_by_role("navigation").get_by_role("link").first.get_attribute("href") or "").partition("?")[2]

    @property
    def reset(self) -> Locator:
        """The button that takes every filter away."""
        return self.page.get_by_role("button", name="Reset")

    @property
    def summary(self) -> str:
        """What the page says it is looking at."""
        return self.page.get_by_role("status").filter(has_text="data as of").inner_text()

    @property
    def counts(self) -> str:
        """The live count beside the length range."""
        return self.page.get_by_role("complementary").get_by_text(re.compile(r"\d of [\d,]+ courses|too few of")).inner_text()

    def card(self, name: str) -> Locator:
        """A card's section."""
        return self.page.locator(f"section#{name}")

    def handle(self, upper: bool = False) -> Locator:
        """A handle of the length range."""
        return self.page.get_by_role("complementary").get_by_role("slider").nth(int(upper))

    def press(self, *keys: str, upper: bool = False) -> Dashboard:
        """Press keys on a handle of the length range, each once the one before was answered."""
        for key in keys:
            self.handle(upper).press(key)
            self.settle()
        return self

    def seen(self) -> dict[str, Shown]:
        """Every card that has been asked for, by name, in the page's order."""
        # As one text: number by number, as Playwright hands over what is no text, it takes longer than everything else here. JSON has no NaN.
        cards = json.loads(self.page.evaluate("JSON.stringify(reading.cards(true))"))
        for source in (source for card in cards for source in card["sources"]):
            source.update({column: [math.nan if value is None else value for value in values] for column, values in source.items()})
        return {card["name"]: Shown(**card) for card in cards}

    def drawn(self) -> dict[str, Shown]:
        """Every card once each has a figure or a reason; a canvas is painted a moment after its data arrived."""
        try:
            self.page.wait_for_function("words => reading.answered(words)", arg=list(REASONS), polling=4 * POLLING)
        except TimeoutError:
            waiting = [card for card in self.seen().values() if not (card.drawn or card.reason)]
            raise AssertionError([(card.name, card.sentence, card.width, card.height, card.coloured) for card in waiting]) from None
        return self.seen()
