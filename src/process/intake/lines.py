"""A CSV file as text: every byte looked at before any value is, so that a cut, ragged or foreign file is refused instead of half read.

Readers guess: they fill short lines, lose the first row of a headerless file, and take a cut last line for a whole one. Here nothing is guessed. Rows in
are lines − 1.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from process.errors import FileMissing
from process.intake.faults import Fault, refusal

MOST_COLUMNS = 500
LONGEST_LINE = 1_000_000
_BLOCK = 1 << 24  # bytes read at once; also the longest line that is read
_BLANK = b"\xef\xbb\xbf\r\n\t "
_QUOTE, _COMMA, _NEWLINE = b'",\n'
_INSIDE_QUOTES = re.compile(rb'"[^"]*"')


def read_lines(path: Path) -> pd.DataFrame:
    """The file's rows as text: one `str` column a header name in the file's order, "" where a cell is empty, index = the line in the file (from 2).

    Raises `FileMissing` where there is no readable file, `FileRefused` for anything but a rectangular, ended, comma-separated UTF-8 text with a header.
    """
    return read_coded(path).astype("str")


def read_coded(path: Path) -> pd.DataFrame:
    """`read_lines` for long files: the same cells as `category` columns, each distinct text once, so that what follows looks at it once."""
    data = _bytes(path)
    lines = data.count(b"\n")
    header = _header(path, data)
    body = memoryview(data)[data.index(b"\n") + 1 :]
    quoted = data.find(b'"', len(data) - len(body)) >= 0
    if quoted and not _paired(body):
        frame = _line_by_line(path, bytes(body), header)
    else:
        frame = _at_once(path, data, body, header, quoted)
    if len(frame) != lines - 1:
        raise refusal(path.name, [Fault(f"{lines - 1:,} lines follow the header but {len(frame):,} rows were read: a quotation mark is not closed")])
    frame.index = pd.RangeIndex(2, len(frame) + 2, name="line")
    return frame


def read_header(path: Path) -> list[str]:
    """The names in the file's first line."""
    return _header(path, _bytes(path))


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise FileMissing(f"{path} is a folder; name the file.")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileMissing(f"There is no file {path}. Check the name and the folder.") from None
    except OSError as error:
        raise FileMissing(f"{path} cannot be read: {error.strerror}.") from None
    if not data[:LONGEST_LINE].strip(_BLANK) and not data.strip(_BLANK):
        raise refusal(path.name, [Fault("the file is empty")])
    if b"\0" in data:
        raise refusal(path.name, [Fault("a NUL byte: this is not a text file", _line(data, data.index(b"\0")), data.count(b"\0"))])
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise refusal(path.name, [Fault("not UTF-8; export as “CSV UTF-8”", _line(data, error.start))]) from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if b"\r" in data:
        raise refusal(path.name, [Fault("a carriage return inside a line", _line(data, data.index(b"\r")), data.count(b"\r"))])
    if not data.endswith(b"\n"):
        raise refusal(path.name, [Fault("the last line is not ended: the file may be cut off", data.count(b"\n") + 1)])
    return data


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _header(path: Path, data: bytes) -> list[str]:
    first = data[: data.index(b"\n")]
    if len(first) > LONGEST_LINE:
        raise refusal(path.name, [Fault("the line is too long", 1)])
    try:
        names = next(csv.reader([first.decode("utf-8")], strict=True), [])
    except csv.Error:
        raise refusal(path.name, [Fault("the header's quotation marks do not pair", 1)]) from None
    if not any(names):
        raise refusal(path.name, [Fault("the first line is empty: it must hold the columns' names", 1)])
    if len(names) == 1 and any(sign in names[0] for sign in ";\t"):
        raise refusal(path.name, [Fault("cells are parted by semicolons or tabs; export with commas", 1)])
    if len(names) > MOST_COLUMNS:
        raise refusal(path.name, [Fault(f"{len(names):,} columns; at most {MOST_COLUMNS} are read", 1)])
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise refusal(path.name, [Fault("the column's name stands twice in the header", 1, names.count(name), name or "(empty)") for name in repeated])
    return names


def _ragged(wrong: list[tuple[int, int]], width: int) -> list[Fault]:
    """One fault for short and one for long lines, from (line, cells)."""
    faults = []
    for kind, lines in (("fewer", [line for line, cells in wrong if cells < width]), ("more", [line for line, cells in wrong if cells > width])):
        if lines:
            faults.append(Fault(f"{kind} cells than the header's {width}", lines[0], len(lines)))
    return faults


def _paired(body: memoryview) -> bool:
    """Whether every quotation mark plainly begins or ends a cell, or is one of two that stand for one inside: then there is one way to read the file.

    Marks are taken in turn as opening and closing: one that opens follows a comma, a line's end or the mark just closed, one that closes stands before such a
    sign, and no line ends between the two. Looked at in blocks of whole lines.
    """
    start, text = 0, np.frombuffer(body, dtype=np.uint8)
    while start < len(text):
        block = text[start : start + _BLOCK]
        ends = np.flatnonzero(block == _NEWLINE)
        if not len(ends):  # a line longer than that is not read at once
            return False
        block = block[: ends[-1] + 1]
        marks = np.flatnonzero(block == _QUOTE)
        if len(marks) % 2:
            return False
        opens, closes = marks[::2], marks[1::2]
        before = np.where(opens > 0, block[opens - 1], _NEWLINE)
        fits = np.isin(before, (_COMMA, _NEWLINE, _QUOTE)) & np.isin(block[closes + 1], (_COMMA, _NEWLINE, _QUOTE))
        if not fits.all() or np.any(np.searchsorted(ends, opens) != np.searchsorted(ends, closes)):
            return False
        start += len(block)
    return True


def _at_once(path: Path, data: bytes, body: memoryview, header: list[str], quoted: bool) -> pd.DataFrame:
    """Rows of a file in which it is plain where a cell ends: at every comma, or at every comma outside paired quotation marks."""
    if not len(body):
        return pd.DataFrame({name: pd.Categorical([], dtype=pd.CategoricalDtype(pd.Index([], dtype="str"))) for name in header})
    blank = len(header) > 1 and data.find(b"\n\n", len(data) - len(body) - 1) >= 0  # which the reader takes for a row of empty cells
    try:
        if blank:
            raise pa.ArrowInvalid
        table = pa.csv.read_csv(
            pa.py_buffer(body),
            read_options=pa.csv.ReadOptions(column_names=header, block_size=_BLOCK),
            parse_options=pa.csv.ParseOptions(quote_char='"' if quoted else False, ignore_empty_lines=False),
            convert_options=pa.csv.ConvertOptions(column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in header}, strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        raise refusal(path.name, _ragged(_miscounted(bytes(body), quoted, len(header)), len(header)) or [Fault("a line is too long to read")]) from None
    table = table.unify_dictionaries().combine_chunks()
    return pd.DataFrame({name: _category(table.column(name).chunk(0)) for name in header})


def _category(cells: pa.DictionaryArray) -> pd.Categorical:
    categories = pd.CategoricalDtype(pd.Index(cells.dictionary.to_pandas(), dtype="str"))
    return pd.Categorical.from_codes(cells.indices.to_numpy(), dtype=categories, validate=False)


def _miscounted(body: bytes, quoted: bool, width: int) -> list[tuple[int, int]]:
    """Line and number of cells of every line that has not `width` of them; quotation marks pair."""
    wrong = []
    for number, line in enumerate(body.split(b"\n")[:-1], 2):
        bare = _INSIDE_QUOTES.sub(b"", line) if quoted else line
        if bare.count(b",") + 1 != width:
            wrong.append((number, bare.count(b",") + 1))
    return wrong


def _line_by_line(path: Path, body: bytes, header: list[str]) -> pd.DataFrame:
    """Rows of a file with quotation marks in other places too, which must pair within their line."""
    rows: list[list[str]] = []
    wrong: list[tuple[int, int]] = []
    for number, line in enumerate(body.decode("utf-8").split("\n")[:-1], 2):
        try:
            cells = next(csv.reader([line], strict=True), [])
        except csv.Error:
            raise refusal(path.name, [Fault("quotation marks do not pair, or the cell is too long", number)]) from None
        if len(cells) != len(header):
            wrong.append((number, len(cells) or 1))
        rows.append(cells)
    if wrong:
        raise refusal(path.name, _ragged(wrong, len(header)))
    return pd.DataFrame(rows, columns=header, dtype="str").astype("category")
