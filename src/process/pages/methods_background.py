"""What the page on methods says of what lies behind all figures: how intervals are made, what is computed once at load, coverage, words."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from process import shipped
from process.measures import derived
from process.pages import explained
from process.pages.document import Block, Bullets, Code, Formula, Link, Paragraph, Section, Written, named
from process.store.build import summaries

INTRODUCTION = (
    "Every figure on these pages is worked out from a reviewed definition. Here is each of them: the question, the formula, the choices and their reasons, the "
    "numbers it rests on with their sources, and the query. A number marked as a convention was chosen for this product; nobody found it."
)
LENGTH = (
    "Every axis, window and lag counts attended sessions. Therapy length is one of three things that are never mixed: attended sessions of courses that have "
    "ended (completed), attended sessions to date (so far), or sessions agreed at the start (planned). Completed length is itself an outcome: people stop "
    "when they are well enough, or when it does not help."
)


def uncertainty() -> Section:
    """How intervals are made."""
    inner = []
    for topic in explained.topics():
        blocks: list[Block] = [Paragraph(topic.what)]
        if topic.formula:
            blocks.append(Formula(tuple(topic.formula.strip().splitlines())))
        blocks += [Bullets(topic.choices), Paragraph("", lead="Sources:"), Bullets(topic.sources)]
        inner.append(Section(topic.title, f"uncertainty-{topic.name}", tuple(blocks)))
    return Section("How sure a figure is", "uncertainty", (), tuple(inner))


def tables() -> Section:
    """What is computed once when records are loaded: the summaries with their SQL, and what statistics add."""
    about = "When records are loaded, these tables are made once and stored with them; questions are then asked of them."
    inner = [Section(f"Table {named(name)}", f"table-{name}", (Paragraph(described(name)), Code("The statement", sql))) for name, sql in summaries()]
    inner += [Section(f"Table {named(name)}", f"table-{name}", (Paragraph(described(name)),)) for name in derived.STORED]
    return Section("Tables made at load", "tables", (Paragraph(about),), tuple(inner))


def described(name: str) -> str:
    """What a summary (its file's first comment) or a derived table (its function's docstring) is; a `KeyError` for any other."""
    statements = dict(summaries())
    if name in statements:
        head = re.match(r"(?:--[^\n]*\n)+", statements[name])
        return " ".join(line.removeprefix("--").strip() for line in head[0].splitlines()) if head else ""
    if name == "clinic_parameters":
        return "The numbers estimated from the clinic: one row for each part of a parameter, with how many courses and therapists stand behind it."
    return " ".join((inspect.getdoc(derived.TABLES[name]) or "").split())


def coverage(on_page: bool) -> Section | None:
    """The study of how often intervals hold the truth: its own file's introduction and tables; a link to it where the file is what is written."""
    text = _documentation("coverage.md")
    if text is None:
        return None
    if not on_page:
        return Section(
            "How often the intervals hold the truth",
            "coverage",
            (Paragraph(("The study with its tables: ", Link("coverage", "coverage.md"), ".")),),
            short="Coverage",
        )
    return Section("How often the intervals hold the truth", "coverage", (Written("Coverage", text),), short="Coverage")


def glossary(on_page: bool) -> Section:
    """The words: the glossary's tables on the page, a link to it in the documentation."""
    text = _documentation("glossary.md") if on_page else None
    if text is None:
        return Section("Words", "glossary", (Paragraph(("The one list of terms: ", Link("glossary", "glossary.md"), ".")),))
    return Section("Words", "glossary", (Written("Words", text),))


def _documentation(name: str) -> str | None:
    """A file of the documentation where it ships with this installation."""
    try:
        return Path(shipped.folder("docs", name)).read_text("utf-8")
    except FileNotFoundError:
        return None
