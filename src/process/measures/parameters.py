"""Clinic-wide parameters: numbers that figures rest on, estimated once a quarter from the whole clinic and the same for every viewer until the next.

A dip that rested on the viewer's own filter would exist for the director and not for the therapist. So each parameter is estimated when a quarter's first
generation is built, stored beside the records with its version, and carried over by the quarter's later ones. What each is stands in
`definitions/parameters/<name>.toml`; how it is estimated is registered in `derived`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from process.errors import SettingWrong

FOLDER = Path(__file__).parent / "definitions" / "parameters"
COLUMNS = ("parameter", "part", "value", "courses", "therapists", "version", "quarter")
_NUMBERS = {"value": "float64", "courses": "int64", "therapists": "int64", "version": "int64"}  # of an estimate without rows, too
Query = Callable[..., pd.DataFrame]
Estimator = Callable[[Query, pd.DataFrame], pd.DataFrame]
"""From `query(sql, **params)` and the parameters so far to rows `part`, `value`, `courses`, `therapists`: the numbers and how many stand behind them."""


@dataclass(frozen=True)
class ClinicParameter:
    """What a clinic-wide parameter is; `part` says what its rows are apart by (empty = a single number)."""

    name: str
    title: str
    what: str
    formula: str
    part: str
    unit: str
    choices: tuple[str, ...]
    sources: tuple[str, ...]
    version: int


@cache
def described() -> Mapping[str, ClinicParameter]:
    """Every clinic-wide parameter by name; `SettingWrong` where a file is not complete."""
    return {path.stem: _load(path) for path in sorted(FOLDER.glob("*.toml"))}


def sql(name: str) -> str:
    """The statement `<name>.sql` beside a parameter's file; estimators of any module ask it."""
    return (FOLDER / f"{name}.sql").read_text("utf-8")


def quarter(query: Query) -> str:
    """The quarter that these records end in, as `2026-Q4`."""
    return quarter_of(query("select max(as_of) as as_of from manifest")["as_of"].iloc[0])


def quarter_of(day: Any) -> str:
    """The quarter that a day lies in, as `2026-Q4`; `day` is whatever pandas reads as one."""
    day = pd.Timestamp(day)
    return f"{day.year}-Q{day.quarter}"


def estimate(query: Query, estimators: Mapping[str, Estimator], earlier: pd.DataFrame | None = None) -> pd.DataFrame:
    """The table of parameters, columns `COLUMNS`: those of `earlier` that belong to this quarter and version, the others estimated now, in order."""
    now = quarter(query)
    found = pd.DataFrame(columns=list(COLUMNS)).astype(_NUMBERS)
    for name, estimator in estimators.items():
        version = described()[name].version
        rows = _carried(earlier, name, version, now)
        if rows is None:
            rows = estimator(query, found).assign(parameter=name, version=version, quarter=now)[list(COLUMNS)].astype(_NUMBERS)
        found = pd.concat([found, rows], ignore_index=True) if len(found) else rows.reset_index(drop=True)
    return found


def value(parameters: pd.DataFrame, name: str, part: str = "") -> float:
    """One number of the stored table; NaN where the clinic had too little to estimate it from."""
    here = parameters[(parameters["parameter"] == name) & (parameters["part"] == part)]
    return float(here["value"].iloc[0]) if len(here) else float("nan")


def stored(query: Query) -> pd.DataFrame:
    """The parameters of a generation."""
    return query(f"select {', '.join(COLUMNS)} from clinic_parameters order by parameter, part")


def _carried(earlier: pd.DataFrame | None, name: str, version: int, now: str) -> pd.DataFrame | None:
    if earlier is None:
        return None
    rows = earlier[(earlier["parameter"] == name) & (earlier["version"] == version) & (earlier["quarter"] == now)]
    return rows if len(rows) else None


def _load(path: Path) -> ClinicParameter:
    content = tomllib.loads(path.read_text("utf-8"))
    expected = {field.name for field in fields(ClinicParameter)}
    if set(content) != expected or content["name"] != path.stem or not content["sources"]:
        raise SettingWrong(f"Parameter `{path.name}`: it needs exactly {', '.join(sorted(expected))}, its file's name and a source.")
    return ClinicParameter(**{name: tuple(entry) if isinstance(entry, list) else entry for name, entry in content.items()})
