"""What the page on methods says of the numbers that measures share: clinic-wide parameters, rules for dips, thresholds, the registry of instruments."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from process.contract.instruments import Form, registry
from process.measures import benchmark, catalogue, parameters
from process.measures.parameters import ClinicParameter
from process.pages import explained, methods_measures
from process.pages.document import Block, Bullets, Code, Formula, Link, Paragraph, Rows, Section, named

TOO_FEW = "too few"
_SHARED = ("items", "minimum", "maximum", "priority", "reliability", "clinical_mean", "clinical_sd", "functional_mean", "functional_sd")


def of_the_clinic(values: pd.DataFrame | None) -> Section:
    """Every clinic-wide parameter; `values` = those of this clinic as they may be read (columns of `Clinic.parameters`), None = definitions alone."""
    about = (
        "Numbers that figures rest on and that must be the same for everybody who looks: estimated from the whole clinic when a quarter's first records are "
        "loaded, and used unchanged until the next quarter. A number with fewer than 8 courses or 2 therapists behind it is not shown; "
        "therapists and supervisors read them to two digits, and those of at least 20 courses and 5 therapists only."
    )
    return Section(
        "Numbers estimated from the clinic",
        "clinic-parameters",
        (Paragraph(about),),
        (*(_parameter(entry, values) for entry in parameters.described().values()), *_queries()),
        short="Estimated from the clinic",
    )


def dips() -> Section:
    """The rules for possible ruptures, with their numbers."""
    about = "A possible rupture is a dip in the scores, found by one of these rules. It is never counted together with recorded ruptures."
    rows = []
    for rule in explained.dip_rules():
        numbers = "; ".join(f"{named(name)} = {'the form’s own' if value is None else f'{value:g}'} ({what})" for name, value, what in rule.parameters)
        rows.append((rule.title, rule.what, numbers, rule.source))
    blocks: list[Block] = [Paragraph(about), Rows("Rules for dips", ("rule", "what it looks for", "its numbers", "source"), tuple(rows))]
    if "dips_by_rule" in catalogue.names():
        measure = catalogue.measure("dips_by_rule").definition
        blocks.append(Paragraph((f"As the pages use them: version {measure.version}, ", Link(measure.title, f"#{measure.name}"), ".")))
    return Section("Rules for possible ruptures", "dip-rules", tuple(blocks), short="Rules for dips")


def thresholds() -> Section:
    """Numbers of the code that decide what is shown or counted, read from where they are computed with."""
    rows = tuple((entry.what, _number(entry.value), entry.source, f"`{entry.place}`") for entry in explained.thresholds())
    about = "Beside the numbers that each measure lists, these decide what is shown and counted. Conventions are choices of this product."
    return Section("Thresholds", "thresholds", (Paragraph(about), Rows("Thresholds", ("what", "value", "source", "where it is used"), rows)))


def instruments() -> Section:
    """The registry: every form with its numbers, and where each comes from."""
    about = "Which questionnaires are known, and where each of their numbers comes from. Only scores are stored, never the wording of items."
    return Section("Instruments", "instruments", (Paragraph(about),), tuple(_form(form) for form in registry()))


def _queries() -> tuple[Section, ...]:
    names = methods_measures.queries("parameters")
    blocks = tuple(Code(named(name), parameters.sql(name)) for name in names)
    return (Section("Queries they are estimated from", "queries-parameters", blocks),) if names else ()


def _parameter(entry: ClinicParameter, values: pd.DataFrame | None) -> Section:
    used = [name for name in catalogue.names() if entry.name in catalogue.measure(name).definition.estimated]
    links = [Link(catalogue.measure(name).definition.title, f"#{name}") for name in used]
    blocks: list[Block] = [
        Paragraph(entry.what),
        Formula(tuple(entry.formula.strip().splitlines())),
        Paragraph("", lead="Choices, and why:"),
        Bullets(entry.choices),
        Paragraph((f"Unit: {entry.unit}. Version {entry.version}. Used by: ", *_joined(links), ".")),
        Paragraph("", lead="Sources:"),
        Bullets(entry.sources),
    ]
    if values is not None and entry.name != benchmark.PARAMETER:  # its figures stand beside the measures, for those they are meant for
        own = values[values["parameter"] == entry.name]
        rows = tuple(_value(row) for row in own.to_dict("records"))
        if rows:
            blocks.append(Rows(f"In this clinic: {entry.title}", (entry.part or "part", "value", "courses", "therapists", "quarter", "version"), rows))
        else:
            blocks.append(Paragraph("In this clinic: these records have too little to estimate it from.", mark=True))
    return Section(entry.title, f"parameter-{entry.name}", tuple(blocks))


def _value(row: dict) -> tuple[str, ...]:
    part = named(str(row["part"])) or "–"
    if row["withheld"]:
        return (part, TOO_FEW, TOO_FEW, TOO_FEW, str(row["quarter"]), str(int(row["version"])))
    value = "–" if math.isnan(row["value"]) else f"{row['value']:.4g}"
    return (part, value, f"{int(row['courses']):,}", f"{int(row['therapists']):,}", str(row["quarter"]), str(int(row["version"])))


def _form(form: Form) -> Section:
    sources = dict(form.sources)
    rows = [(named(name), _number(getattr(form, name)), source) for name, source in sources.items() if name in _SHARED]
    for label, choices in (("cut-off", form.cutoffs), ("reliable change", form.reliable_changes)):
        rows += [(label + (" (used)" if len(choices) > 1 and entry.default else ""), f"{entry.value:g}", entry.source) for entry in choices]
    if form.change_rule == "jacobson_truax":
        rows.append(("reliable change", f"{form.reliable_change:.3g}", "1.96 · √2 · SD · √(1 − reliability), Jacobson & Truax 1991"))
    rows += [(f"subscale {named(part.name)}", "items " + ", ".join(map(str, part.items)), part.source) for part in form.subscales]
    what = f"{form.name}; {form.construct}, rated by the {form.rater}, {named(form.direction)}. Code `{form.instrument}`, form `{form.form}`."
    return Section(
        form.label, f"instrument-{form.instrument}-{form.form}", (Paragraph(what), Rows(f"Numbers of {form.label}", ("number", "value", "source"), tuple(rows)))
    )


def _number(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(_number(part) for part in value)
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _joined(links: Iterable[Link]) -> list[Link | str]:
    return [piece for place, link in enumerate(links) for piece in ([", ", link] if place else [link])]
