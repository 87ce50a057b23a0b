"""Writing records as a clinic would hand them over: one CSV file a table, in the contract's canonical form."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from process.contract import TABLES
from process.demo.records import in_contract_order


def write(records: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write <table>.csv for every table into `folder` (made if need be) and return the paths: names in the header, empty = missing, dates ISO."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in in_contract_order(records).items():
        path = folder / f"{name}.csv"
        # Codes hold neither commas nor quotes (contract.CODE), so nothing needs quoting.
        options = pyarrow.csv.WriteOptions(quoting_style="none", quoting_header="none")
        pyarrow.csv.write_csv(_as_arrow(name, frame), path, options)
        written.append(path)
    return written


def _as_arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """The frame with days as dates and whole numbers without a decimal point, whatever gaps they have."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for column in TABLES[name].columns:
        at = table.schema.get_field_index(column.name)
        if at >= 0 and column.kind in ("week", "date"):
            table = table.set_column(at, column.name, table.column(at).cast(pa.date32()))
        elif at >= 0 and column.kind == "whole":
            table = table.set_column(at, column.name, table.column(at).cast(pa.int64()))
    return table
