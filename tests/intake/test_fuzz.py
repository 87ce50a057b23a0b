"""Whatever bytes a file holds: it is refused as a `FileRefused`, or read as an independent reader reads it; in little time and little memory.

The independent reader is Python's csv module, and the same tables are handed over in every dress that a record system might give them.
"""

from __future__ import annotations

import csv
import io
import resource
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from process.contract.tables import TABLES
from process.errors import FileRefused
from process.intake.columns import typed
from process.intake.lines import read_coded, read_lines

HEADER = ("goal_id", "session_number", "rater", "level")
MARKS = "\u200f\u202e\ufeff\u00a0\u0660\u0967\u2028"  # right to left, no-break, digits that are not 0 to 9, a line separator that ends no line
PIECES = st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "\0", "\ufeff", "g1", "patient", "-2", "9" * 40, "1e309", "é", "=1+1", " ", *MARKS])
CELL = st.one_of(
    st.sampled_from(["", "g1", "7", "-2", "10", "patient", "both", "1e5", "9" * 30, "٣", '"', "a,b", " 1", "\u202eg1"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6),
)
ROWS = st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=8)
DRESSES = st.tuples(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
SOUND = st.tuples(st.sampled_from(["g1", "g2", "a-1", "B.2/x"]), st.integers(0, 9999), st.sampled_from(["patient", "therapist", "both"]), st.integers(-2, 10))


def read(data: bytes, reader=read_lines):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "goal_ratings.csv"
        path.write_bytes(data)
        return reader(path)


def independent(data: bytes) -> list[list[str]]:
    """The file's rows by Python's csv module, header first."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def refused_or_the_same(data: bytes) -> None:
    try:
        frame = read(data)
    except FileRefused:
        return
    names, *rows = independent(data)
    assert list(frame.columns) == names
    assert [list(row) for row in frame.itertuples(index=False)] == [row or [""] for row in rows]
    assert frame.index.tolist() == list(range(2, len(rows) + 2))


@settings(max_examples=120, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
@example('a,b\n"x\ny",z\n')
@example('a,b\n"x""y",z\n""",",""\n')
@example('a,b\nx"y,z\n')
@example('a,b\n"x"y,z\n')
@example('a,b\n"x" ,z\n')
@example("a\n\n\n")
@example('a\n"\n"\n')
def test_any_text_is_refused_or_read_as_another_reader_reads_it(text):
    refused_or_the_same(("goal_id,level\n" + text).encode())
    refused_or_the_same(text.encode())


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_read_as_another_reader_reads_them(data):
    refused_or_the_same(b"goal_id,level\n" + data)
    refused_or_the_same(data)


@settings(max_examples=100, deadline=None)
@given(ROWS, DRESSES)
def test_a_table_in_any_encoding_and_with_any_line_ends_is_refused_or_read_whole(rows, dress):
    encoding, ends, everything_quoted = dress
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=ends, quoting=csv.QUOTE_ALL if everything_quoted else csv.QUOTE_MINIMAL)
    writer.writerows([HEADER, *rows])
    data = text.getvalue().encode(encoding, errors="replace")

    try:
        frame = read(data)
    except FileRefused:
        plain = all(sign not in cell for row in rows for cell in row for sign in "\r\n")
        assert encoding not in ("utf-8", "utf-8-sig") or ends == "\r" or not plain, "a sound file was refused"
        return
    found = [list(row) for row in frame.itertuples(index=False)]
    assert found == (rows if encoding.startswith("utf-8") else independent(data)[1:])  # a few letters of another encoding can be whole UTF-8 by chance


@settings(max_examples=80, deadline=None)
@given(st.lists(SOUND, min_size=1, max_size=12, unique_by=lambda row: row[:3]), st.sampled_from(["\n", "\r\n"]), st.booleans(), CELL, st.integers(0, 47))
def test_counts_and_sums_are_those_of_another_reader_and_one_foreign_cell_is_refused_unless_it_is_sound(rows, ends, quoted, foreign, place):
    cells = [[str(cell) for cell in row] for row in rows]
    for spoilt in (False, True):
        if spoilt:
            cells[place // 4 % len(cells)][place % 4] = foreign
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=ends, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows([HEADER, *cells])
        data = text.getvalue().encode()
        try:
            taken = typed(TABLES["goal_ratings"], read(data, read_coded), "goal_ratings.csv")
        except FileRefused as refusal:
            assert spoilt
            assert len(foreign) < 4 or foreign not in str(refusal) or foreign in ("patient", "both"), "a cell's value is repeated"
            continue
        others = independent(data)[1:]
        assert len(taken) == len(others)
        assert int(taken["level"].sum()) == sum(int(row[3]) for row in others)
        assert int(taken["session_number"].sum()) == sum(int(row[1]) for row in others)
        assert taken["goal_id"].astype("str").tolist() == [row[0] for row in others]
        assert all(row[1].isascii() and row[3].isascii() for row in others)


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("goal_ratings.csv", "0" * 5_000_000)
    return made.getvalue()


HEAD = ",".join(HEADER).encode() + b"\n"
LARGE = {
    "a zip archive": zipped(),
    "ten thousand columns": ",".join(f"c{n}" for n in range(10_000)).encode() + b"\n" + b"," * 9_999 + b"\n",
    "ten thousand cells in every line": HEAD + (b"," * 9_999 + b"\n") * 300,
    "a cell of three megabytes": HEAD + b"g1,1,patient," + b"x" * 3_000_000 + b"\n",
    "a quoted cell of three megabytes": HEAD + b'g1,1,patient,"' + b"x" * 3_000_000 + b'"\n',
    "a line longer than what is read at once": HEAD + b"g1,1,patient," + b"x" * 20_000_000 + b"\n",
    "a quotation mark that nobody closes": HEAD + b'g1,1,patient,"1\n' + b"g1,2,patient,1\n" * 200_000,
    "quotation marks alone": HEAD + b'"' * 3_000_001 + b"\n",
    "line ends inside quotation marks": HEAD + b'"g1\ng2",1,patient,1\n' * 100_000,
    "lines of nothing": HEAD + b"\n" * 3_000_000,
    "a header alone of a megabyte": b"x" * 1_500_000 + b"\n",
    "NUL after NUL": HEAD + b"\0" * 3_000_000,
    "UTF-16": ("goal_id,level\n" + "g1,1\n" * 300_000).encode("utf-16"),
    "nothing but carriage returns": b"goal_id,level\r" * 100_000,
    "as many different wrong cells as lines": HEAD + b"".join(b"%d!,%d,x%d,%d.5\n" % (n, n + 10_000, n, n) for n in range(100_000)),
    "numbers of a thousand digits": HEAD + (b"g1," + b"9" * 1_000 + b",patient,1\n") * 2_000,
}
MOST_SECONDS, MOST_MEMORY = 15, 800_000_000
"""Of the processor, and of memory in use; Arrow reserves some two gigabytes of addresses more, which it never uses."""
CHILD = """
import re, resource, sys
from pathlib import Path
from process.contract.tables import TABLES
from process.errors import FileRefused
from process.intake.columns import typed
from process.intake.lines import read_coded
resource.setrlimit(resource.RLIMIT_AS, (5 * {memory}, 5 * {memory}))
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        typed(TABLES["goal_ratings"], read_coded(path).reindex(columns=list({header})), path.name)
        print("taken", path.name)
    except FileRefused as refusal:
        assert len(str(refusal)) < 5_000
        print("refused", path.name)
used = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024  # getrusage counts what began this process, too
assert used < {memory}, used
"""


def test_large_nonsense_is_refused_in_little_time_and_memory(tmp_path):
    for what, data in LARGE.items():
        (tmp_path / f"{what}.csv").write_bytes(data)
    program = textwrap.dedent(CHILD).format(memory=MOST_MEMORY, seconds=MOST_SECONDS, header=HEADER)

    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False)

    assert ended.returncode == 0, ended.stderr[-2000:]
    assert sorted(ended.stdout.splitlines()) == sorted(f"refused {what}.csv" for what in LARGE)


@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_CPU"])
def test_the_limits_that_the_test_above_rests_on_hold(limit):
    program = f"import resource; resource.setrlimit(resource.{limit}, (10**9, 10**9) if '{limit}' == 'RLIMIT_AS' else (1, 1)); "
    program += "print(len(bytes(2 * 10**9)))" if limit == "RLIMIT_AS" else "\nwhile True: pass"

    assert hasattr(resource, limit)
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False).returncode != 0
