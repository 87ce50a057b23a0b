"""What the page on methods says of each measure: its definition, word for word, with the numbers it rests on and the query it asks."""

from __future__ import annotations

from datetime import date

from process.measures import catalogue, parameters
from process.measures.definition import Definition, Parameter
from process.measures.measure import DEFINITIONS, Measure, own_statement
from process.pages.document import Block, Bullets, Code, Formula, Link, Paragraph, Rows, Section, named

EVERY_PAGE = "all"
DIRECTIONS = {"higher_is_better": "higher is better", "lower_is_better": "lower is better", "neither": "neither high nor low is better"}


def sections(pages: dict[str, str], today: date | None) -> tuple[Section, ...]:
    """A section a page (`pages`: name → label), and first that of what stands on every page; `today` decides which reviews are overdue, None = not said."""
    every = catalogue.names()
    found = []
    for page, label in {EVERY_PAGE: "On every page", **pages}.items():
        own = [catalogue.measure(name) for name in every if catalogue.measure(name).definition.page == page]
        if own:
            inner = tuple(_section(measure, next(iter(pages)), today) for measure in own) + _others(page, label)
            found.append(Section(f"Page: {label}" if page != EVERY_PAGE else label, f"page-{page}", (), inner, short=label))
    return tuple(found)


def queries(folder: str) -> tuple[str, ...]:
    """The names of the queries in a folder of the definitions that are no measure's own."""
    asked = {measure.asks or name for name, measure in ((name, catalogue.measure(name)) for name in catalogue.names())}
    return tuple(sorted(path.stem for path in (DEFINITIONS / folder).glob("*.sql") if path.stem not in asked))


def _others(page: str, label: str) -> tuple[Section, ...]:
    """The page's other queries: what several measures ask, or one asks beside its own."""
    found = queries("shared" if page == EVERY_PAGE else page)
    about = (
        "Every query begins with these two: `population` are the courses that pass the filters, `cohort` those of them that have a length on the chosen basis."
        if page == EVERY_PAGE
        else "What several of these measures ask, or one asks beside its own query."
    )
    title = "Queries in front of every query" if page == EVERY_PAGE else f"Further queries: {label}"
    blocks = (Paragraph(about), *(Code(named(name), own_statement(name)) for name in found))
    return (Section(title, f"queries-{page}", blocks),) if found else ()


def overdue(definition: Definition, today: date | None) -> bool:
    """Whether the definition's next review has passed."""
    return today is not None and definition.next_review < today


def shown(value: object) -> str:
    """A parameter's value as a reader writes it."""
    if isinstance(value, tuple):
        return ", ".join(shown(part) for part in value)
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _section(measure: Measure, first_page: str, today: date | None) -> Section:
    about = measure.definition
    card = f"/{first_page}#filters" if about.page == EVERY_PAGE else f"/{about.page}#{about.name}"
    where = "Go to the filter." if about.page == EVERY_PAGE else "Go to the figure."
    blocks: list[Block] = [
        Paragraph((f"{about.question} ", Link(where, card))),
        Paragraph(about.what),
        Paragraph(about.why, lead="Why it matters."),
        Paragraph(about.cannot_tell, mark=True, lead="What it cannot tell you."),
        Formula(tuple(about.formula.strip().splitlines())),
    ]
    if about.choices:
        blocks += [Paragraph("", lead="Choices, and why:"), Bullets(about.choices)]
    if about.parameters:
        rows = tuple((named(entry.name), shown(entry.value), entry.source, _kind(entry)) for entry in about.parameters)
        blocks.append(Rows("Numbers it rests on", ("number", "value", "source", "kind"), rows))
    if about.estimated:
        titles = [Link(parameters.described()[name].title, f"#parameter-{name}") for name in about.estimated]
        blocks.append(Paragraph(("Estimated from the whole clinic, once a quarter: ", *_joined(titles), ".")))
    blocks += [
        Rows("How to read it", ("", ""), _facts(about, today)),
        Paragraph("", lead="Sources:"),
        Bullets(about.sources),
        Code("The query, after the cohort (see: on every page)", own_statement(measure.asks or measure.name)),
    ]
    return Section(about.title, about.name, tuple(blocks))


def _facts(about: Definition, today: date | None) -> tuple[tuple[str, str], ...]:
    late = " · REVIEW OVERDUE" if overdue(about, today) else ""
    read = [
        ("unit", about.unit),
        ("direction", DIRECTIONS[about.direction]),
        ("needs", ", ".join(named(name) for name in about.needs) or "nothing but courses"),
        ("rows are told apart by", ", ".join(named(name) for name in about.keys)),
        ("counts beside every figure", ", ".join(named(name) for name in about.counts)),
        ("version", f"{about.version}"),
        ("reviewed", f"{about.reviewed:%d %B %Y}; next review {about.next_review:%d %B %Y}{late}".replace(" 0", " ").lstrip("0")),
    ]
    if about.benchmark is not None:
        read.append(("therapists see of the clinic", "; ".join(about.benchmark.says.values()).format(group="form") + " (Therapists’ benchmark)"))
    if about.workload:
        read.append(("disclosure", "a count of work: shown for each therapist as long as nothing is filtered"))
    return tuple(read)


def _kind(entry: Parameter) -> str:
    return "convention" if entry.convention else "from the source"


def _joined(links: list[Link]) -> list[Link | str]:
    """Links with commas between them."""
    return [piece for place, link in enumerate(links) for piece in ([", ", link] if place else [link])]
