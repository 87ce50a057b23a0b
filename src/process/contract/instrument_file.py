"""One file of the registry of instruments, read and checked field by field: what is wrong is said with the file, the field and what is allowed.

The product's own files and those that a clinic adds have the same form (docs/instruments.md), so a mistake in either is told in the same way.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process.contract.tables import CODE
from process.errors import SettingWrong, did_you_mean

CONSTRUCTS = ("alliance", "outcome", "goal")
RATERS = ("patient", "therapist", "observer")
DIRECTIONS = ("higher_is_better", "lower_is_better")
REFERENCE = ("reliability", "clinical_mean", "clinical_sd", "functional_mean", "functional_sd")
CHOICES = ("cutoff", "reliable_change")
_OF_INSTRUMENT = ("id", "name", "construct", "rater", "direction", "items", "subscales", "forms")
_OF_FORM = ("form", "label", "items", "minimum", "maximum", "priority", *REFERENCE, *CHOICES)
_ID = r"[a-z0-9][a-z0-9_]{0,39}"
_LABEL = r"[A-Za-z0-9][A-Za-z0-9 ()/.+-]{0,39}"
_NAME = r"[^<>&\x00-\x1f]{1,120}"
_LAST = {"value": 100, "source": "convention of this product: a form without a priority comes after those that have one"}


@dataclass(frozen=True)
class Number:
    """A number with its source."""

    value: float
    source: str


@dataclass(frozen=True)
class Choice(Number):
    """One of several numbers that sources give for the same thing; one of them is the default."""

    default: bool


@dataclass(frozen=True)
class Subscale:
    """A part of a form: its name and the numbers of its items; never their wording."""

    name: str
    items: tuple[int, ...]
    source: str


def read(path: Path) -> list[dict[str, Any]]:
    """The forms that the file describes, as the fields of `instruments.Form`; `SettingWrong` names the file, the field and what is allowed there."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise SettingWrong(f"Instrument file `{path.name}` is not TOML in UTF-8: {problem}.") from None
    except OSError as problem:
        raise SettingWrong(f"Instrument file `{path.name}` cannot be read: {problem.strerror}.") from None
    return _File(path.name).instrument(content)


@dataclass(frozen=True)
class _File:
    name: str

    def instrument(self, content: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.known(content, _OF_INSTRUMENT, "")
        shared = {
            "instrument": self.text(content, "id", _ID, "a small letter or digit, then up to 39 small letters, digits and _"),
            "name": self.text(content, "name", _NAME, "up to 120 characters without < > &"),
            "construct": self.one_of(content, "construct", CONSTRUCTS),
            "rater": self.one_of(content, "rater", RATERS),
            "direction": self.one_of(content, "direction", DIRECTIONS),
        }
        forms = content.get("forms")
        if not isinstance(forms, list) or not forms:
            raise self.wrong("forms", "is missing: the file needs at least one `[[forms]]`")
        read = [shared | self.form(content, entry) for entry in forms]
        subscales = self.subscales(content.get("subscales", []), read[0]["items"])
        names = [entry["form"] for entry in read]
        if len(set(names)) != len(names):
            raise self.wrong("form", "two forms have the same name")
        return [entry | {"subscales": subscales} for entry in read]

    def form(self, content: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
        self.known(entry, _OF_FORM, "forms.")
        low, high = self.number(entry, "minimum"), self.number(entry, "maximum")
        if not low.value < high.value:
            raise self.wrong("minimum", f"is {low.value:g}; it must be below `maximum`, which is {high.value:g}")
        items = self.number({"items": entry.get("items", content.get("items"))}, "items", least=1, whole=True)
        priority = self.number({"priority": entry.get("priority", _LAST)}, "priority", least=1, whole=True)
        limits: dict[str, tuple[float | None, float | None]] = {
            "reliability": (0.0, 0.999),
            **{name: (low.value, high.value) for name in ("clinical_mean", "functional_mean")},
            **{name: (1e-9, high.value - low.value) for name in ("clinical_sd", "functional_sd")},
        }
        reference = {name: self.number(entry, name, *limits[name]) if name in entry else None for name in REFERENCE}
        sources = {"items": items, "minimum": low, "maximum": high, "priority": priority, **{name: number for name, number in reference.items() if number}}
        return {
            "form": self.text(entry, "form", CODE, "a code"),
            "label": self.text(entry, "label", _LABEL, "up to 40 letters, digits, spaces and ( ) / . + -"),
            "items": int(items.value),
            "minimum": float(low.value),
            "maximum": float(high.value),
            "priority": int(priority.value),
            **{name: None if number is None else float(number.value) for name, number in reference.items()},
            "cutoffs": self.choices(entry, "cutoff", low.value, high.value),
            "reliable_changes": self.choices(entry, "reliable_change", 1e-9, high.value - low.value),
            "sources": tuple((name, number.source) for name, number in sources.items()),
        }

    def choices(self, entry: Mapping[str, Any], field: str, least: float, most: float) -> tuple[Choice, ...]:
        given = entry.get(field, [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise self.wrong(field, f"is written as one or several `[[forms.{field}]]`, each with `value` and `source`")
        read = []
        for one in given:
            self.known(one, ("value", "source", "default"), f"forms.{field}.")
            number = self.number({field: {name: one.get(name) for name in ("value", "source")}}, field, least, most)
            read.append(Choice(float(number.value), number.source, bool(one.get("default", len(given) == 1))))
        if read and sum(one.default for one in read) != 1:
            raise self.wrong(field, f"has {len(read)} values; exactly one of them says `default = true`")
        return tuple(read)

    def subscales(self, given: Any, items: int) -> tuple[Subscale, ...]:
        read = []
        for one in given:
            self.known(one, ("name", "items", "source"), "subscales.")
            numbers = one.get("items", [])
            if not numbers or not all(isinstance(number, int) and 1 <= number <= items for number in numbers):
                raise self.wrong("subscales.items", f"allowed are numbers of items, 1 to {items}")
            source = self.source({"subscales": one}, "subscales")
            read.append(Subscale(self.text(one, "name", CODE, "a code"), tuple(numbers), source))
        return tuple(read)

    def number(self, entry: Mapping[str, Any], field: str, least: float | None = None, most: float | None = None, whole: bool = False) -> Number:
        given = entry.get(field)
        if not isinstance(given, Mapping) or set(given) - {"value", "source"}:
            raise self.wrong(field, "is missing" if given is None else 'is written as { value = …, source = "…" }')
        value = given.get("value")
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise self.wrong(field, f"its `value` must be a {'whole ' if whole else ''}number")
        if (least is not None and value < least) or (most is not None and value > most):
            allowed = f"{max(least, 0) if least == 1e-9 else least:g}" + (f" to {most:g}" if most is not None else " and more")
            raise self.wrong(field, f"is {value:g}; allowed is {'above ' if least == 1e-9 else ''}{allowed}")
        return Number(value, self.source(entry, field))

    def source(self, entry: Mapping[str, Any], field: str) -> str:
        said = entry[field].get("source")
        if not isinstance(said, str) or len(said.strip()) <= 10:
            raise self.wrong(field, "has no source: say in `source` where the number comes from, in more than ten characters; a choice of your own says so")
        return said.strip()

    def text(self, entry: Mapping[str, Any], field: str, pattern: str, allowed: str) -> str:
        given = entry.get(field)
        if not isinstance(given, str) or not re.fullmatch(pattern, given):
            raise self.wrong(field, f"is missing; allowed: {allowed}" if given is None else f"allowed: {allowed}")
        return given

    def one_of(self, entry: Mapping[str, Any], field: str, allowed: tuple[str, ...]) -> str:
        given = entry.get(field)
        if given not in allowed:
            raise self.wrong(field, f"{'is missing; ' if given is None else ''}allowed: {', '.join(f'`{word}`' for word in allowed)}")
        return given

    def known(self, entry: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
        for field in entry:
            if field not in allowed:
                raise self.wrong(f"{where}{field}", f"is not a field of it. {did_you_mean(str(field), allowed)}")

    def wrong(self, field: str, what: str) -> SettingWrong:
        return SettingWrong(f"Instrument file `{self.name}`, field `{field}`: {what}.".replace("..", "."))
