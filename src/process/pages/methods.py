"""The page on methods, and the same as a file: every measure with its formula, choices and numbers, made from the definitions that the figures run on."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from html import escape
from importlib import resources
from string import Template

import pandas as pd

from process.access import Clinic
from process.pages import document_html, document_markdown, look, methods_background, methods_measures, methods_numbers, signed_in
from process.pages.document import Paragraph, Section
from process.pages.session import Staying

TITLE = "How every figure is worked out"
NAME = "methods"
KEPT = "\ue000"
"""Stands in a rendering for the filters of the address until they are known: for private use (Unicode, section 23.5), so in no text of ours."""


def document(pages: dict[str, str], values: pd.DataFrame | None = None, today: date | None = None) -> Section:
    """Everything there is to say; `pages` = the pages by name and label, `values` = this clinic's parameters, None = what holds for every clinic."""
    here = values is not None
    parts = (
        *methods_measures.sections(pages, today),
        methods_numbers.of_the_clinic(values),
        methods_numbers.dips(),
        methods_background.uncertainty(),
        methods_background.coverage(on_page=here),
        methods_numbers.thresholds(),
        methods_numbers.instruments(),
        methods_background.tables(),
        methods_background.glossary(on_page=here),
    )
    said = (Paragraph(methods_background.INTRODUCTION), Paragraph(methods_background.LENGTH))
    return Section(TITLE, "top", said, tuple(part for part in parts if part is not None))


def markdown(pages: dict[str, str]) -> str:
    """The file `docs/methods.md`: the same for every clinic and every day."""
    about = "This file is made by `therapy-process methods`; the page `/methods` of a served clinic says the same, with the clinic's own numbers."
    whole = document(pages)
    return document_markdown.text(Section(whole.title, whole.anchor, (*whole.blocks, Paragraph(about)), whole.sections))


def page(clinic: Clinic, navigation: dict[str, str], pages: dict[str, str], query: str = "", today: date | None = None, staying: Staying | None = None) -> str:
    """The page as HTML for this viewer; `query` = the filters that the navigation keeps, as they stand in the address."""
    viewer = clinic.viewer
    kept = f"?{query}" if query else ""
    contents, body = _written(tuple(pages.items()), _Values(clinic.parameters()), today or date.today())
    entries = {f"/{name}{kept}": (label, name == NAME) for name, label in navigation.items()}
    stamp = clinic.stamp(viewer, "")
    return _template().substitute(
        title=escape(TITLE),
        css=look.PAGE + look.METHODS,
        navigation="".join(f'<a href="{escape(to)}"{" aria-current=page" if here else ""}>{escape(label)}</a>' for to, (label, here) in entries.items()),
        person=escape(viewer.name or viewer.role),
        sees=viewer.sees,
        summary=escape(f"{stamp.clinic} · data as of {look.day(stamp.as_of)} · generation {stamp.generation}"),
        badge="<span class='badge'>simulated clinic</span>" if stamp.origin == "simulated" else "",
        sign_out=signed_in.sign_out(staying),
        signed_in=signed_in.script(staying),
        contents=contents,
        body=body.replace(KEPT, escape(kept)),
    )


class _Values:
    """A clinic's numbers as one viewer may read them, equal to another's where every one of them is: who may read more is never given what others are."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame, self._same = frame, frame.to_json(orient="table", double_precision=15)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Values) and self._same == other._same

    def __hash__(self) -> int:
        return hash(self._same)


@lru_cache(maxsize=8)
def _written(pages: tuple[tuple[str, str], ...], values: _Values, today: date) -> tuple[str, str]:
    """Contents and body, which take most of the time, once for each generation and each way of reading its numbers; filters to keep are put in for `KEPT`."""
    whole = document(dict(pages), values.frame, today)
    return document_html.contents(whole), document_html.body(whole, _address)


def _address(leads: str) -> str:
    """Links to pages keep the filters; files of the documentation are not served."""
    if not leads.startswith("/"):
        return ""
    path, _, anchor = leads.partition("#")
    return f"{path}{KEPT}#{anchor}" if anchor else path + KEPT


@cache
def _template() -> Template:
    return Template(resources.files("process.pages").joinpath("methods.html").read_text("utf-8"))
