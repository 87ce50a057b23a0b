"""What the page on methods explains beside the measures: how sure figures are, the rules for dips, and the thresholds that live in the code.

The texts lie in `measures/definitions/methods/`. Numbers are never repeated there: they are read from the module that computes with them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import import_module
from typing import Any

from process.errors import SettingWrong
from process.measures.dips import COMMON, RULES
from process.measures.measure import DEFINITIONS
from process.measures.possible_ruptures import CAUSAL

FOLDER = DEFINITIONS / "methods"


@dataclass(frozen=True)
class Topic:
    """One way of saying how sure a figure is."""

    name: str
    title: str
    what: str
    formula: str
    choices: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Threshold:
    """A number of the code: `place` = module and name under `process`, for instance `measures.intervals.MINIMUM_DF`."""

    place: str
    what: str
    source: str

    @property
    def value(self) -> object:
        """The number that is computed with."""
        module, name = self.place.rsplit(".", 1)
        return getattr(import_module(f"process.{module}"), name)

    @property
    def convention(self) -> bool:
        """Whether it is a choice of this product and no finding."""
        return "convention" in self.source.lower()


@dataclass(frozen=True)
class Rule:
    """A rule for dips, and its parameters as (name, value, what it is)."""

    name: str
    title: str
    what: str
    source: str
    parameters: tuple[tuple[str, object, str], ...]


@cache
def topics() -> tuple[Topic, ...]:
    """How intervals are made, in reading order."""
    return tuple(_filled(Topic, entry) for entry in _read("uncertainty")["topics"])


@cache
def thresholds() -> tuple[Threshold, ...]:
    """Every threshold that is a constant of a module; `SettingWrong` where one is described that does not exist."""
    found = tuple(_filled(Threshold, entry) for entry in _read("thresholds")["thresholds"])
    for entry in found:
        try:
            _ = entry.value
        except (ImportError, AttributeError):
            raise SettingWrong(f"Threshold `{entry.place}` is described and not in the code.") from None
    return found


@cache
def dip_rules() -> tuple[Rule, ...]:
    """The rules for dips in the code's order, with the pages' numbers; `SettingWrong` where one is described that does not exist, or the other way round."""
    content = _read("dip_rules")
    if set(content["rules"]) != set(RULES):
        raise SettingWrong(f"The rules described ({', '.join(content['rules'])}) are not those of the code ({', '.join(RULES)}).")
    known = content["numbers"]
    return tuple(
        Rule(
            name,
            **content["rules"][name],
            parameters=tuple((number, value, known[number]) for number, value in (defaults | CAUSAL.get(name, {}) | COMMON).items()),
        )
        for name, (_, defaults) in RULES.items()
    )


def _filled(kind: type, entry: dict[str, Any]) -> Any:
    if set(entry) != {field.name for field in fields(kind)}:
        raise SettingWrong(f"Entry `{entry.get('name', entry.get('place'))}` of the methods needs exactly {', '.join(field.name for field in fields(kind))}.")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
