"""Reading lines: against a second, independent reader, with text that nobody would think of."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from process.errors import FileRefused
from process.intake.lines import read_lines

CELL = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=8)


def frame_of(data: bytes):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(data)
        return read_lines(path)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=0, max_size=6))
def test_every_cell_comes_back_as_it_was_written(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("a", "b", "c"), *rows])

    frame = frame_of(text.getvalue().encode())

    assert list(frame.columns) == ["a", "b", "c"]
    assert [tuple(row) for row in frame.itertuples(index=False)] == rows
    assert frame.index.tolist() == list(range(2, len(rows) + 2))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.text("abc019 -_=@.é", max_size=6)] * 2), min_size=1, max_size=6))
def test_quoted_or_not_a_file_reads_the_same(rows):
    plain = "a,b\n" + "".join(f"{one},{two}\n" for one, two in rows)
    quoted = "a,b\n" + "".join(f'"{one}","{two}"\n' for one, two in rows)

    assert frame_of(plain.encode()).equals(frame_of(quoted.encode()))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_refused_or_read_whole(data):
    try:
        frame = frame_of(b"a,b\n" + data)
    except FileRefused:
        return
    assert len(frame) == data.replace(b"\r\n", b"\n").count(b"\n")
    assert all(isinstance(cell, str) for row in frame.itertuples(index=False) for cell in row)
