"""What a measure is to the layers above: a definition, its SQL, `prepare` (queries, once for all filters but the length range) and `answer` (no query)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from process.measures.cube import Cube
from process.measures.definition import Definition, load

DEFINITIONS = Path(__file__).parent / "definitions"
"""One folder a page, and `shared` for what several ask: `<name>.toml` beside `<name>.sql`."""
Query = Callable[..., pd.DataFrame]
COHORT_PARAMETERS = ("basis", "teams", "modalities", "problems", "endings", "start_from", "start_to", "therapists", "cluster")


@dataclass(frozen=True)
class Result:
    """What a measure answers: a tidy `table`, `headlines` (index: their names) and `notes` (what was left out, and shares reviewed).

    Table and headlines always have `courses` and `therapists`: how many different ones stand behind the row, for disclosure control.
    """

    table: pd.DataFrame
    headlines: pd.DataFrame
    notes: dict[str, float | int | str]


@cache
def statement(name: str) -> str:
    """The full SQL of `<name>.sql`, with the cohort put in front of it as its first common table expressions."""
    text = _sql(name)
    head, body = re.match(r"((?:\s*--[^\n]*\n)*)\s*(.*)", text, re.DOTALL).groups()
    cohort = f"with population as (\n{_indented(_sql('population'))}\n),\n\ncohort as (\n{_indented(_sql('cohort'))}\n)"
    rest = ",\n\n" + body[len("with ") :] if body.startswith("with ") else "\n\n" + body
    return head + cohort + rest


def own_statement(name: str) -> str:
    """The SQL of `<name>.sql` as it is written, without the cohort in front of it."""
    return _sql(name)


class Measure:
    """One measure. A subclass says its `name`, and how to `prepare` and `answer`; the definition and the SQL lie under `definitions/` by that name."""

    name: str
    asks: str = ""
    """The statement it asks, where that is another measure's; its own file otherwise."""
    additive: bool = True
    """Whether a range is a difference of prefix sums. What is not (matching) is asked after the additive figures have been redrawn."""

    def __init__(self) -> None:
        self.definition: Definition = load(_file(f"{self.name}.toml"))
        self.sql: str = statement(self.asks or self.name)

    def prepare(self, query: Query, **params: object) -> Cube:
        """Everything but the length range: one query or a few. `query(sql, **params)` gives a DataFrame; `params` are `COHORT_PARAMETERS`, null = all."""
        raise NotImplementedError

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """The figures for courses with a length in the range, both ends included; no query."""
        raise NotImplementedError

    def ask(self, query: Query, params: dict[str, object], sql: str | None = None) -> pd.DataFrame:
        """Runs this measure's SQL (or another statement) with the cohort's parameters and those of the definition that the text names."""
        text = sql or self.sql
        named = set(re.findall(r"\$(\w+)", re.sub(r"--[^\n]*", "", text)))
        own = {entry.name: entry.value for entry in self.definition.parameters}
        values = {name: params.get(name) if name in COHORT_PARAMETERS else own[name] for name in named}
        return query(text, **values)

    def table(self, columns: dict[str, object]) -> pd.DataFrame:
        """The measure's table from its columns, in the definition's order; counts become whole numbers."""
        counts = set(self.definition.counts)
        ordered = {name: np.rint(columns[name]).astype(np.int64) if name in counts else columns[name] for name in self.definition.columns}
        return pd.DataFrame(ordered, copy=False)


def headlines(rows: dict[str, dict[str, object]]) -> pd.DataFrame:
    """Headline rows by name, in order; counts are whole numbers, a missing text is empty."""
    columns = list(next(iter(rows.values())))
    return pd.DataFrame({name: [row[name] for row in rows.values()] for name in columns}, index=pd.Index(list(rows), name="headline"))


def unit(params: dict[str, object]) -> str:
    """What a cluster is called: courses in a therapist's own view, else therapists."""
    return "courses" if params.get("cluster") == "course" else "therapists"


def whole(x: float) -> int | float:
    """A sum of prefix differences as the whole number it is."""
    return int(np.rint(x))


def _sql(name: str) -> str:
    return _file(f"{name}.sql").read_text("utf-8").strip()


def _file(name: str) -> Path:
    found = sorted(DEFINITIONS.glob(f"*/{name}"))
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} files `{name}` under {DEFINITIONS.name}/, one is needed")
    return found[0]


def _indented(text: str) -> str:
    return "\n".join("    " + line if line else line for line in text.splitlines())
