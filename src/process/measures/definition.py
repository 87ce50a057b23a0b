"""The reviewed definition of a measure: one TOML file that the cards, the methods page and the computation all read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path

from process.errors import SettingWrong

PAGES = ("all", "goals", "alliance", "ruptures", "outcomes", "caseload", "comparison")
PERCENT_OF, COARSE_OF = "percent of ", "coarse percent of "
KINDS = ("points", "levels", "coefficient", "hundredths", PERCENT_OF, COARSE_OF)
DIRECTIONS = ("higher_is_better", "lower_is_better", "neither")


@dataclass(frozen=True)
class Parameter:
    """A number that the measure rests on, or a word that a shared statement is asked with, with its source; `convention` = a choice of this product."""

    name: str
    value: float | str | tuple[float, ...]
    source: str
    convention: bool


@dataclass(frozen=True)
class Benchmark:
    """What a therapist sees of the clinic beside a measure: the `statement` that gives it course by course (`measures.benchmark`), whether it is a share or
    a mean (`kind`), and how it is said of a group (`says`: words for each group, empty = the only one)."""

    statement: str
    kind: str
    says: Mapping[str, str]


@dataclass(frozen=True)
class Definition:
    """What a measure is, in words a clinic can discuss, and the names of its table's columns.

    `keys` say which point a row is, `values` are estimates, `counts` are numbers of people or records (for disclosure control). `needs` are the tables
    of the contract without which there is nothing to compute. `percent_of` is the count that percentages (of the table or a headline) are of.
    `formula` says how the figure comes about, a step a line, in symbols that a statistician reads; `choices` are decisions and their reasons, a sentence or
    two each; `estimated` names the clinic-wide parameters (`measures.parameters`) that it rests on. `workload` marks counts of work, not of outcome;
    `per_therapist` (may be left out) that rows are single therapists, who need rules of disclosure of their own; `benchmark` (may be left out) what of the
    clinic a therapist sees beside it; `parts` (may be left out) which rows of an only key are together the whole, where the others overlap with them;
    `leaves` (may be left out) what kind of value a headline is, or a row with that key or first two keys, or all others (`table`, `headlines`), where
    `percent_of` does not say it: one of `KINDS`, the last two with the name of a count.
    """

    name: str
    page: str
    question: str
    title: str
    what: str
    why: str
    cannot_tell: str
    formula: str
    choices: tuple[str, ...]
    estimated: tuple[str, ...]
    unit: str
    percent_of: str
    direction: str
    needs: tuple[str, ...]
    keys: tuple[str, ...]
    values: tuple[str, ...]
    counts: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    sources: tuple[str, ...]
    version: int
    reviewed: date
    next_review: date
    workload: bool
    per_therapist: bool = False
    benchmark: Benchmark | None = None
    parts: tuple[str, ...] = ()
    leaves: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the measure's table, in its order."""
        extra = ("why",) if "lower" in self.values else ()
        return self.keys + self.values + self.counts + extra

    def parameter(self, name: str) -> float | str | tuple[float, ...]:
        """The value of a parameter."""
        return {entry.name: entry.value for entry in self.parameters}[name]


def load(path: Path) -> Definition:
    """The definition in that file; `SettingWrong` names what is missing, not known or not allowed."""
    content = tomllib.loads(path.read_text("utf-8"))
    expected = {each.name for each in fields(Definition)}
    missing, unknown = sorted(expected - {"per_therapist", "benchmark", "parts", "leaves"} - set(content)), sorted(set(content) - expected)
    if missing or unknown:
        raise SettingWrong(f"Definition `{path.name}`: missing {missing or 'nothing'}, not known {unknown or 'nothing'}.")
    if content["name"] != path.stem or content["page"] not in PAGES or content["direction"] not in DIRECTIONS:
        raise SettingWrong(f"Definition `{path.name}`: name is the file's, page one of {PAGES}, direction one of {DIRECTIONS}.")
    wrong = sorted(name for name, kind in content.get("leaves", {}).items() if not (kind in KINDS[:-2] or kind.startswith(KINDS[-2:])))
    if wrong:
        raise SettingWrong(f"Definition `{path.name}`: what leaves as {wrong} is one of {KINDS}, the last two with the name of a count.")
    parameters = tuple(_parameter(path, entry) for entry in content.pop("parameters"))
    lists = {name: tuple(value) for name, value in content.items() if isinstance(value, list)}
    return Definition(**{**content, **lists, "parameters": parameters, "benchmark": _benchmark(path, content.get("benchmark"))})


def _benchmark(path: Path, entry: dict | None) -> Benchmark | None:
    if entry is None:
        return None
    if set(entry) != {each.name for each in fields(Benchmark)} or entry["kind"] not in ("percent", "mean") or not entry["says"]:
        raise SettingWrong(f"Definition `{path.name}`: a benchmark has a statement, a kind (percent or mean) and what it says.")
    return Benchmark(**entry)


def _parameter(path: Path, entry: dict) -> Parameter:
    if not str(entry.get("source", "")).strip():
        raise SettingWrong(f"Definition `{path.name}`: parameter `{entry.get('name')}` has no source.")
    value = tuple(entry["value"]) if isinstance(entry["value"], list) else entry["value"]
    return Parameter(entry["name"], value, entry["source"], bool(entry.get("convention", False)))
