"""A text of sections, apart from how it is written: `document_html` makes the page of it, `document_markdown` the file in the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """A text that leads somewhere: `address` is `#anchor` for a section of this document, `/page#card` for a card, or another file of the documentation."""

    text: str
    address: str


Piece = str | Link
"""Plain text, of which what stands in `backquotes` is set as code; or a link."""
Text = Piece | tuple[Piece, ...]


@dataclass(frozen=True)
class Paragraph:
    """Running text, after a few words in bold where there is a `lead`; `mark` = set apart, as something to notice."""

    text: Text
    mark: bool = False
    lead: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list of texts, in no order that matters."""

    items: tuple[Text, ...]


@dataclass(frozen=True)
class Formula:
    """Lines of symbols, a step each."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """A statement, folded away under its name where the medium can."""

    name: str
    text: str


@dataclass(frozen=True)
class Rows:
    """A table: its caption, heads (all empty = none are shown) and rows, all as texts."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True)
class Written:
    """A whole file of the documentation, as Markdown: the page shows it under `caption`."""

    caption: str
    markdown: str


Block = Paragraph | Bullets | Formula | Code | Rows | Written


@dataclass(frozen=True)
class Section:
    """A heading with its anchor, what stands under it, and the sections within. `short` names it in the table of contents."""

    title: str
    anchor: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    short: str = field(default="")

    def walk(self, level: int = 1) -> Iterator[tuple[int, Section]]:
        """This section and every one within, each with its level, in reading order."""
        yield level, self
        for section in self.sections:
            yield from section.walk(level + 1)


def pieces(text: Text) -> tuple[Piece, ...]:
    """A text as its pieces."""
    return text if isinstance(text, tuple) else (text,)


def named(name: str) -> str:
    """A name of the code in words: `early_session` → early session."""
    return name.replace("_", " ")
