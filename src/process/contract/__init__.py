"""The tables a clinic hands over: columns, types, ranges, keys, coded values."""

from process.contract.tables import TABLES, Column, Table, table

__all__ = ["TABLES", "Column", "Table", "table"]
