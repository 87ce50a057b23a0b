"""The registry of instruments: which forms exist, who answers them, their range and direction, each number with its source.

It is read from `data/instruments/*.toml`, one file an instrument. Scores only: no item text (copyright). Different forms are never compared raw;
`minimum` and `maximum` are what puts them on one scale, the percentage of the maximum possible (`process.measures.pomp`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

import pandas as pd

from process.errors import SettingWrong, did_you_mean
from process.shipped import folder

CONSTRUCTS = ("alliance", "outcome", "goal")
DIRECTIONS = ("higher_is_better", "lower_is_better")
COLUMNS = ("instrument", "form", "construct", "rater", "minimum", "maximum", "direction", "priority")


@dataclass(frozen=True)
class Form:
    """One version of one instrument. `priority`: the lower one counts when a session has two alliance scores by one rater.

    `minimum` and `maximum` are the ends of the total score; `sources` says for each number where it comes from.
    """

    instrument: str
    form: str
    construct: str
    rater: str
    minimum: float
    maximum: float
    direction: str
    priority: int
    name: str
    items: int
    sources: tuple[tuple[str, str], ...]


@cache
def registry() -> tuple[Form, ...]:
    """Every form that ships, in the order of instrument and priority; `SettingWrong` where a file of the registry is not complete."""
    forms = [form for path in sorted(folder("data", "instruments").glob("*.toml")) for form in _forms(path.name, tomllib.loads(path.read_text("utf-8")))]
    return tuple(sorted(forms, key=lambda form: (form.instrument, form.priority)))


def form(instrument: str, form: str) -> Form:
    """The form of that name, or a `SettingWrong` that names the nearest."""
    known = {(entry.instrument, entry.form): entry for entry in registry()}
    if (instrument, form) in known:
        return known[instrument, form]
    instruments = sorted({entry.instrument for entry in registry()})
    if instrument not in instruments:
        raise SettingWrong(f"Instrument `{instrument}` is not in the registry. {did_you_mean(instrument, instruments)}")
    forms = [entry.form for entry in registry() if entry.instrument == instrument]
    raise SettingWrong(f"Instrument `{instrument}` has no form `{form}`. {did_you_mean(form, forms)}")


def table() -> pd.DataFrame:
    """The registry as it is stored beside the records: one row a form, columns `COLUMNS`."""
    frame = pd.DataFrame([{name: getattr(entry, name) for name in COLUMNS} for entry in registry()], columns=list(COLUMNS))
    return frame.astype({"minimum": "float64", "maximum": "float64", "priority": "int64"})


def _forms(file: str, content: dict) -> list[Form]:
    try:
        return [_form(content, entry) for entry in content["forms"]]
    except (KeyError, TypeError, ValueError) as problem:
        raise SettingWrong(f"Instrument file `{file}` is not complete: {problem}. Each number needs a `value` and a `source`.") from None


def _form(content: dict, entry: dict) -> Form:
    numbers = {name: entry.get(name, content.get(name)) for name in ("items", "minimum", "maximum", "priority")}
    for name, number in numbers.items():
        if not str((number or {}).get("source", "")).strip():
            raise ValueError(f"`{name}` has no source")
    if content["construct"] not in CONSTRUCTS or content["direction"] not in DIRECTIONS:
        raise ValueError(f"`construct` is one of {', '.join(CONSTRUCTS)} and `direction` one of {', '.join(DIRECTIONS)}")
    if not numbers["minimum"]["value"] < numbers["maximum"]["value"]:
        raise ValueError("`minimum` is not below `maximum`")
    values = {name: number["value"] for name, number in numbers.items()}
    return Form(
        instrument=content["id"],
        form=entry["form"],
        construct=content["construct"],
        rater=content["rater"],
        minimum=float(values["minimum"]),
        maximum=float(values["maximum"]),
        direction=content["direction"],
        priority=int(values["priority"]),
        name=content["name"],
        items=int(values["items"]),
        sources=tuple((name, number["source"]) for name, number in numbers.items()),
    )
