"""Files that would bring in who people are: refused before anything of them is typed, with file, column, first line, kind and count; never the value.

>>> identifying.refuse_in_table(TABLES["courses"], "courses.csv", text)
>>> identifying.refuse_in_export(mapping, "export.csv", text)

Columns are looked at by name (`telling_names`) and by content (`telling_cells`). Columns that a mapping ignores are looked at, too: they are not stored,
but the file lies on the machine that loads it, and whoever signs for it signs for the whole file. There only what identifies by itself counts (an address
of e-mail, a telephone number, a birth date, a name, free text …), and not, say, the date of an export.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from process.contract.tables import Table
from process.intake.faults import Fault, refusal
from process.intake.identifying import names as telling_names
from process.intake.identifying.cells import telling
from process.intake.mappings.language import Mapping, Take

IDS = ("course_id", "patient_id", "therapist_id", "goal_id", "replaced_by", "rupture_id")
TITLES = ("clinic", "source")
NAMED = "its name says that it holds"
ADVICE = (
    "Nothing was loaded. Export again without what identifies people: codes in place of names and numbers, bands in place of ages; and delete this file. "
    "If these are codes that only look like it, give them another shape. docs/intake.md, “What identifies people”, says how each kind is told."
)


@dataclass(frozen=True)
class Asked:
    """How a column is looked at: its role (a key of `telling_cells.LOOKS`), and words that a mapping knows, which are no one's.

    `harm`: whether markup and formulas refuse the file; in an export they refuse their row, as any other cell does that is not a code.
    """

    role: str
    words: frozenset[str] = frozenset()
    harm: bool = True


def refuse_in_table(table: Table, file: str, text: Any, labels: frozenset[str] = frozenset()) -> None:
    """Refuse a file of one of the contract's tables whose columns' names or cells identify people; see `refuse`. `labels`: those that a store has already."""
    refuse(file, text, _with_labels(roles_of_table(table), labels), ages=True)


def refuse_in_export(mapping: Mapping, file: str, text: Any, resource: str = "", labels: frozenset[str] = frozenset()) -> None:
    """Refuse a foreign export whose columns' names or cells identify people, ignored columns too; see `refuse`.

    `resource`: the type of FHIR's resources; `labels`: those that a store has already.
    """
    refuse(file, text, _with_labels(roles_of_mapping(mapping, _names(text), resource), labels))


def _with_labels(roles: dict[str, Asked], labels: frozenset[str]) -> dict[str, Asked]:
    """The same, with labels that passed in an earlier load: a week's few rows do not make a stray of a ward that is called after somebody."""
    return {name: replace(asked, words=asked.words | labels) if asked.role == "label" and labels else asked for name, asked in roles.items()}


def refuse(file: str, text: Any, roles: dict[str, Asked], ages: bool = False) -> None:
    """Refuse a file whose columns' names or cells identify people. `FileRefused` names every column, kind, first line (from 1) and count of cells.

    `text`: the file as text, a pandas DataFrame (index = line in the file) or a pyarrow Table (first row = line 2); cells are strings or dictionary-coded
    strings, "" or missing = empty. `roles`: what each column is looked at as; a column without a role is looked at by name alone, and one that the file
    does not have is passed over. `ages`: whether a column's name that says single ages is refused, too.
    """
    names = _names(text)
    faults = named(names, ages)
    for name, asked in roles.items():
        if name in names:
            faults += _in_cells(name, text, asked)
    if faults:
        raise refusal(file, faults, ADVICE)


def named(header: Iterable[str], ages: bool = False) -> list[Fault]:
    """A fault for each column whose name says that it holds an identifier; with `ages` also for ages in years."""
    header = list(header)
    found = [Fault(f"{NAMED} {kind}", 1, 1, name) for name in header if (kind := telling_names.identifier(name))]
    return found + [Fault(f"{NAMED} {telling_names.AGE}", 1, 1, name) for name in header if ages and telling_names.single_age(name)]


def roles_of_table(table: Table) -> dict[str, Asked]:
    """How the columns of one of the contract's tables are looked at: codes as ids or labels; what has a pattern of its own needs no look."""
    roles = {column.name: Asked(_code_role(column.name)) for column in table.columns if column.kind == "code"}
    if "age_band" in table.names:
        roles["age_band"] = Asked("age")
    return roles


def roles_of_mapping(mapping: Mapping, header: Iterable[str], resource: str = "") -> dict[str, Asked]:
    """How the columns of a foreign export are looked at, by what its mapping makes of them; every other column as one that is not stored.

    A column that becomes a week or a day is not looked at: its own pattern decides what it holds, and the calendar date is gone after it.
    """
    takes = list(_takes(mapping, resource))
    roles = {name: Asked("other") for name in header}
    for take in takes:
        words = frozenset(word for word, _ in take.words) | frozenset(take.missing) | frozenset(mapping.missing)
        for name in take.source:
            if take.column.name == "age_band":
                roles[name] = Asked("age", words)
            elif take.column.kind == "code" and roles.get(name, Asked("")).role not in ("id", "age"):
                roles[name] = Asked(_code_role(take.column.name), words, harm=False)
            elif take.words and roles.get(name, Asked("other")).role == "other":
                roles[name] = Asked("other", words)
    dates = {name for take in takes if take.form for name in take.source}
    return {name: asked for name, asked in roles.items() if name not in dates}


def _takes(mapping: Mapping, resource: str) -> Iterator[Take]:
    """Every way in which the mapping fills a column of the contract from rows of this resource, second choices among them."""
    parts = (part for part in mapping.parts if part.chosen.resource == resource)
    for take in (*mapping.takes, *(take for part in parts for take in part.takes)):
        while take is not None:
            yield take
            take = take.otherwise


def _code_role(name: str) -> str:
    return "id" if name in IDS else "title" if name in TITLES else "label"


def _in_cells(name: str, text: Any, asked: Asked) -> list[Fault]:
    distinct, places = _distinct(text[name] if not isinstance(text, pa.Table) else text.column(name))
    looked = distinct
    if asked.words:
        known = pc.is_in(distinct, pa.array(sorted(asked.words), pa.string()))
        looked = pc.if_else(known, "", distinct)
    faults = []
    rows = np.bincount(places[places >= 0], minlength=len(distinct)) if asked.role == "label" else None
    for kind, mask in telling(looked, asked.role, asked.harm, rows).items():
        cells = mask[places] & (places >= 0)
        if cells.any():
            faults.append(Fault(kind, _line(text, int(np.argmax(cells))), int(cells.sum()), name))
    return faults


def _distinct(cells: Any) -> tuple[pa.Array, NDArray[np.int64]]:
    """A column's distinct cells (strings, a missing one as "") and, for each row, the place of its cell among them."""
    if isinstance(cells, pd.Series) and isinstance(cells.dtype, pd.CategoricalDtype):
        values, places = pa.array(cells.cat.categories.astype("str"), pa.string()), cells.cat.codes.to_numpy(np.int64)
    else:
        column = pa.array(cells, from_pandas=True) if isinstance(cells, pd.Series) else cells
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        column = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        if isinstance(column, pa.ChunkedArray):
            column = column.unify_dictionaries().combine_chunks()
        values, places = column.dictionary.cast(pa.string()), pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    if (places < 0).any():
        places = np.where(places < 0, len(values), places)
        values = pa.concat_arrays([values, pa.array([""])])
    return pc.fill_null(values, ""), places


def _names(text: Any) -> list[str]:
    return list(text.column_names) if isinstance(text, pa.Table) else list(text)


def _line(text: Any, row: int) -> int:
    return int(text.index[row]) if isinstance(text, pd.DataFrame) else row + 2


__all__ = ["ADVICE", "Asked", "named", "refuse", "refuse_in_export", "refuse_in_table", "roles_of_mapping", "roles_of_table"]
