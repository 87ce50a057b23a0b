"""The contract's own files: <table>.csv for each table the clinic has, or a workbook with a sheet for each, header compared with the contract exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from process.contract.instruments import Form
from process.contract.tables import TABLES, Table
from process.errors import FileMissing, FileRefused, did_you_mean
from process.intake.columns import typed
from process.intake.faults import Fault, refusal, shown
from process.intake.faults import named as named_file
from process.intake.identifying.refusing import refuse_in_table
from process.intake.lines import read_coded, read_header
from process.intake.mappings.finding import fitting
from process.intake.sources.sheets import sheets_of

NEEDED = ("manifest", "courses", "sessions")
AT_ONCE = 2
"""Files that are read and checked at the same time: bounds the memory that their texts take."""
Progress = Callable[[str, int, int], None]


def read_canonical(
    files: list[Path], progress: Progress, forms: Sequence[Form] | None = None, partial: bool = False, labels: frozenset[str] = frozenset()
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Typed tables (index = line in the file) and the file each came from.

    Raises `FileRefused` for a file that is no table of the contract or breaks it, `FileMissing` where a needed table was not handed over.
    """
    sheets = sheets_of(files)
    named = {name: files[0] for name in sheets} or _by_table(files)
    needed = NEEDED[:1] if partial else NEEDED
    missing = [name for name in needed if name not in named]
    if partial and list(named) == ["manifest"]:
        raise FileMissing("A load that adds or corrects needs manifest.csv and one other table at least; only manifest.csv was found.")
    if missing:
        found, kind = ", ".join(map(named_file, files)) or "no CSV file", "" if sheets else ".csv"
        raise FileMissing(
            f"A load needs {', '.join(f'{name}{kind}' for name in needed)}; {', '.join(f'{name}{kind}' for name in missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing (found: {found}). "
            f"{'Every table has a sheet of its own.' if sheets else 'Name every file of the load, or the folder that holds them.'}"
        )

    def one(name: str) -> pd.DataFrame:
        text = sheets[name] if sheets else read_coded(named[name])
        refuse_in_table(TABLES[name], named[name].name, text, labels)
        _compare(list(text.columns), TABLES[name], named[name].name)
        return typed(TABLES[name], text, named[name].name, forms)

    frames = {}
    with ThreadPoolExecutor(1 if sheets else AT_ONCE) as readers:
        reading = {name: readers.submit(one, name) for name in named}
        try:
            for done, (name, path) in enumerate(named.items()):  # in their order, so that of several faulty files always the same is refused
                progress(f"reading {named_file(path)}", done, len(named))
                frames[name] = reading.pop(name).result()
        finally:
            readers.shutdown(cancel_futures=True)
    return frames, {name: path.name for name, path in named.items()}


def _by_table(files: list[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in files:
        name = path.stem
        if path.suffix.lower() != ".csv" or name not in TABLES:
            raise FileRefused(_not_a_table(path))
        if name in found:
            raise FileRefused(f"Table `{name}` is handed over twice: {found[name]} and {path}. Leave one of them out.")
        found[name] = path
    return {name: found[name] for name in TABLES if name in found}


def _not_a_table(path: Path) -> str:
    if path.suffix.lower() != ".csv":
        return f"{named_file(path)} is not a .csv file. Files of the contract are named after its tables: {', '.join(f'{name}.csv' for name in TABLES)}."
    fits = fitting(read_header(path))
    if len(fits) == 1:
        return f"{named_file(path)} is not a table of the contract, but its header is that of mapping `{fits[0]}`. Load it with `--mapping {fits[0]}`."
    near = did_you_mean(path.stem, TABLES)
    return f"{named_file(path)} is not named after a table of the contract. {near} Another export is loaded with `--mapping NAME|FILE`."


def _compare(header: list[str], table: Table, file: str) -> None:
    """Refuse a header with a name that the contract does not list, or without one that it needs."""
    if not set(header) & set(table.names):
        names = ", ".join(table.names)
        raise refusal(file, [Fault(f"the first line is not a header of table `{table.name}`, whose columns are {names}", 1)])
    faults = [Fault(f"not part of table `{table.name}`. {did_you_mean(name, table.names)}", 1, 1, name) for name in header if name not in table.names]
    faults += [Fault(f"column {shown(name)} is missing", 1) for name in table.required if name not in header]
    if faults:
        raise refusal(file, faults)
