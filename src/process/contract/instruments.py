"""The registry of instruments: which forms exist, who answers them, their range, direction and yardsticks of change, each number with its source.

It is read from `data/instruments/*.toml`, one file an instrument, and from the files of the same form that a clinic adds. Scores only: no item text
(copyright). Different forms are never compared raw; `minimum` and `maximum` are what puts them on one scale, the percentage of the maximum possible
(`process.measures.pomp`). A number for which no source was found is None.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from process.contract.instrument_file import CONSTRUCTS, DIRECTIONS, REFERENCE, Choice, Subscale, read
from process.errors import FileMissing, SettingWrong, did_you_mean
from process.shipped import folder

CRITICAL = 1.96  # two-sided 5 %, as printed by Jacobson & Truax 1991
RULES = ("published", "jacobson_truax")
_TEXTS = ("instrument", "form", "label", "construct", "rater")
_NUMBERS = ("items", "minimum", "maximum", "priority", *REFERENCE, "cutoff", "reliable_change")
COLUMNS = (*_TEXTS, *_NUMBERS, "direction", "change_rule", "change_source", "own")


@dataclass(frozen=True)
class Form:
    """One version of one instrument. `priority`: the lower one counts when a session has two alliance scores by one rater.

    `minimum` and `maximum` are the ends of the total score, and every other number is in its units; `sources` says for each number where it comes from.
    `cutoffs` and `reliable_changes` keep what different sources say, one of them the default. `label` names the form on pages;
    `own` = a clinic added it, in `file`.
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
    label: str
    items: int
    reliability: float | None
    clinical_mean: float | None
    clinical_sd: float | None
    functional_mean: float | None
    functional_sd: float | None
    cutoffs: tuple[Choice, ...]
    reliable_changes: tuple[Choice, ...]
    subscales: tuple[Subscale, ...]
    sources: tuple[tuple[str, str], ...]
    own: bool = False
    file: str = ""

    @property
    def cutoff(self) -> float | None:
        """The default cut-off between the clinical and the healthy side; a score at it is on the clinical side."""
        return next((entry.value for entry in self.cutoffs if entry.default), None)

    @property
    def change_rule(self) -> str:
        """How reliable change is told: `published` (a threshold), `jacobson_truax` (from SD and reliability), or empty where neither is known."""
        if self.reliable_changes:
            return "published"
        return "jacobson_truax" if self.clinical_sd is not None and self.reliability is not None else ""

    @property
    def reliable_change(self) -> float | None:
        """How many points are more than measurement error: the default threshold, else 1.96 √2 SD √(1 − r) with the clinical group's SD; None = not known."""
        if self.change_rule == "published":
            return next(entry.value for entry in self.reliable_changes if entry.default)
        return CRITICAL * math.sqrt(2.0) * self.clinical_sd * math.sqrt(1.0 - self.reliability) if self.change_rule else None

    @property
    def change_source(self) -> str:
        """Where that number comes from; empty where there is none."""
        if self.change_rule == "published":
            return next(entry.source for entry in self.reliable_changes if entry.default)
        said = dict(self.sources)
        return f"SD ({said['clinical_sd']}) and reliability ({said['reliability']})" if self.change_rule else ""


@cache
def registry() -> tuple[Form, ...]:
    """Every form that ships, in the order of instrument and priority; `SettingWrong` where a file of the registry is not complete."""
    return _together(sorted(folder("data", "instruments").glob("*.toml")), own=False)


def added(place: Path) -> tuple[Form, ...]:
    """The forms of a clinic's own folder of instrument files; `SettingWrong` names file and field, `FileMissing` a folder that is not there or empty."""
    place = Path(place)
    files = sorted(place.glob("*.toml")) if place.is_dir() else []
    if not files:
        raise FileMissing(f"{place} is no folder with instrument files (.toml). One file an instrument; docs/instruments.md says what stands in it.")
    forms = _together(files, own=True)
    shipped = {entry.instrument for entry in registry()}
    for entry in forms:
        if entry.instrument in shipped:
            raise SettingWrong(f"Instrument `{entry.instrument}` ships with this product; give yours an `id` of its own.")
    return forms


def with_added(forms: Sequence[Form]) -> tuple[Form, ...]:
    """The registry with a clinic's own forms; `SettingWrong` where two share a label, which pages name them by."""
    everything = (*registry(), *forms)
    labels = [entry.label.lower() for entry in everything]
    for entry in forms:
        if labels.count(entry.label.lower()) > 1:
            raise SettingWrong(f"Two forms have the label `{entry.label}`; pages could not tell them apart. Give instrument `{entry.instrument}` another one.")
    return everything


def form(instrument: str, form: str, forms: Sequence[Form] | None = None) -> Form:
    """The form of that name (of `forms`, default: those that ship), or a `SettingWrong` that names the nearest."""
    entries = registry() if forms is None else forms
    known = {(entry.instrument, entry.form): entry for entry in entries}
    if (instrument, form) in known:
        return known[instrument, form]
    instruments = sorted({entry.instrument for entry in entries})
    if instrument not in instruments:
        raise SettingWrong(f"Instrument `{instrument}` is not in the registry. {did_you_mean(instrument, instruments)}")
    names = [entry.form for entry in entries if entry.instrument == instrument]
    raise SettingWrong(f"Instrument `{instrument}` has no form `{form}`. {did_you_mean(form, names)}")


def table(forms: Sequence[Form] | None = None) -> pd.DataFrame:
    """The registry as it is stored beside the records: one row a form (of `forms`, default: those that ship), columns `COLUMNS`, unknown numbers missing."""
    entries = registry() if forms is None else forms
    frame = pd.DataFrame([{name: getattr(entry, name) for name in COLUMNS} for entry in entries], columns=list(COLUMNS))
    whole = dict.fromkeys(("items", "priority"), "int64")
    return frame.astype({**dict.fromkeys(_NUMBERS, "float64"), **whole, "own": "bool"})


def _together(files: Sequence[Path], own: bool) -> tuple[Form, ...]:
    forms = [Form(**entry, own=own, file=path.name) for path in files for entry in read(path)]
    seen = [(entry.instrument, entry.form) for entry in forms]
    for pair in seen:
        if seen.count(pair) > 1:
            raise SettingWrong(f"Instrument `{pair[0]}` is described in two files; one file an instrument.")
    return tuple(sorted(forms, key=lambda entry: (entry.instrument, entry.priority)))


__all__ = ["COLUMNS", "CONSTRUCTS", "DIRECTIONS", "REFERENCE", "Choice", "Form", "Subscale", "added", "form", "registry", "table", "with_added"]
