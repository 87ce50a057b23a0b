"""A workbook is read as the text a CSV file would hold; what nobody could see on the screen, or what is made to burst, is refused in words."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula
from tests.intake.conftest import SOUND

from process import intake
from process.errors import FileMissing, FileRefused
from process.intake.sources import workbook, workbook_parts

CANARY = "canary-8341"


def book(path: Path, change=None) -> Path:
    """The small clinic as a workbook, changed by `change`."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, text in SOUND.items():
        sheet = made.create_sheet(name)
        for line in text.splitlines():
            sheet.append([cell or None for cell in line.split(",")])
    if change:
        change(made)
    made.save(path)
    return path


def repacked(path: Path, **parts: bytes) -> Path:
    """The workbook with parts of its zip added or replaced; "/" is written as "__"."""
    names = {name.replace("__", "/"): content for name, content in parts.items()}
    with zipfile.ZipFile(path) as archive:
        old = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (old | names).items():
            archive.writestr(name, content)
    return path


def test_the_same_tables_come_from_sheets_and_from_files(clinic, tmp_path):
    from_files = intake.read([clinic()]).records
    from_sheets = intake.read([book(tmp_path / "clinic.xlsx")]).records

    assert set(from_files) == set(from_sheets)
    for name, frame in from_files.items():
        assert frame.astype(str).to_dict("records") == from_sheets[name].astype(str).to_dict("records"), name


CELLS = [
    # what stands in the cell, the text of it
    (7, "7"), (7.0, "7"), (31.5, "31.5"), (0.1, "0.1"), (1e-7, "0.0000001"), (-2, "-2"), (True, "TRUE"), ("007", "007"), ("  x", "  x"), (None, ""),
    (datetime(2026, 1, 5), "2026-01-05"), (datetime(2026, 1, 5, 10, 30), "2026-01-05 10:30:00"),
]  # fmt: skip


def test_each_cell_becomes_the_text_that_a_csv_file_would_hold(tmp_path):
    made = openpyxl.Workbook()
    made.active.append([f"c{place}" for place in range(len(CELLS))])
    made.active.append([value for value, _ in CELLS])
    made.save(tmp_path / "cells.xlsx")

    rows = workbook.read_sheet(tmp_path / "cells.xlsx")

    assert rows.iloc[0].tolist() == [text for _, text in CELLS] and rows.index.tolist() == [2]


def hidden_row(made):
    made["courses"].row_dimensions[2].hidden = True


def hidden_column(made):
    made["courses"].column_dimensions["D"].hidden = True


def put(sheet: str, cell: str, value):
    def change(made):
        made[sheet][cell] = value

    return change


def at(sheet: str, **attributes):
    def change(made):
        for name, value in attributes.items():
            setattr(made[sheet], name, value)

    return change


REFUSED = [
    # what is done to the workbook, what the refusal says
    (put("sessions", "B2", "=1+1"), "column `session_number`, line 2: a formula; paste its values"),
    (put("sessions", "B2", ArrayFormula("B2:B3", "=A1")), "a formula; paste its values"),
    (put("sessions", "B2", "#N/A"), "an error of Excel"),
    (put("courses", "A2", f"c1\n{CANARY}"), "column `course_id`, line 2: a line break or another control sign"),
    (put("courses", "K2", CANARY), "more cells than the header's 6"),
    (put("courses", "A9", CANARY), "an empty row between others"),
    (put("courses", "B1", 5), "one of its cells is no text"),
    (put("courses", "B1", "course_id"), "the column's name stands twice"),
    (put("courses", "G1", "diary"), "column `diary`, line 1: not part of table `courses`"),
    (at("scores", sheet_state="hidden"), "sheet `scores` is hidden; show it or delete it"),
    (at("scores", sheet_state="veryHidden"), "sheet `scores` is hidden; show it or delete it"),
    (hidden_row, "hidden rows; show or delete them"),
    (hidden_column, "hidden columns; show or delete them"),
    (lambda made: made["courses"].merge_cells("A2:B2"), "merged cells; split them"),
    (lambda made: made.create_sheet("diary").append([CANARY]), "sheet 10 is not named after a table of the contract"),
    (lambda made: made.create_sheet("Sheet1"), "the first row is empty"),
    (put("sessions", "B2", 3.5), "column `session_number`, line 2: not a whole number"),
    (put("courses", "E2", datetime(2026, 1, 6)), "column `start_week`, line 2: not a Monday"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_a_workbook_with_what_nobody_sees_or_what_no_table_holds_is_refused(change, said, tmp_path):
    with pytest.raises(FileRefused) as refused:
        intake.read([book(tmp_path / "clinic.xlsx", change)])

    assert said in str(refused.value) and CANARY not in str(refused.value)


PARTS = [
    ({"xl__vbaProject.bin": b"x"}, "it holds macros"),
    ({"xl__externalLinks__externalLink1.xml": b"<a/>"}, "it has links to other files"),
    ({"xl__connections.xml": b"<a/>"}, "it is connected to a database or the web"),
    ({"xl__embeddings__other.docx": b"x"}, "other documents are embedded"),
    ({"xl__theme__more.xml": b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'}, "it declares entities of its own"),
    ({"xl__worksheets__sheet2.xml": b"<worksheet><sheetData><row r="}, "is damaged"),
]


@pytest.mark.parametrize(("parts", "said"), PARTS)
def test_a_workbook_with_macros_links_or_broken_parts_is_refused(parts, said, tmp_path):
    with pytest.raises(FileRefused, match=said):
        intake.read([repacked(book(tmp_path / "clinic.xlsx"), **parts)])


def test_what_is_no_workbook_is_told_by_what_it_is(tmp_path):
    for name, content, said in (
        ("clinic.xlsx", b"course_id,patient_id\n", "not an Excel workbook"),
        ("clinic.xlsx", b"", "not an Excel workbook"),
        ("old.xls", workbook_parts._OLE + bytes(600), "an old .xls workbook"),
        ("clinic.xlsx", workbook_parts._OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileRefused, match=said):
            intake.read([tmp_path / name])
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("letter.txt", CANARY)
    with pytest.raises(FileRefused, match="a zip file, but no Excel workbook"):
        intake.read([tmp_path / "other.xlsx"])
    book(tmp_path / "clinic.xlsx").rename(tmp_path / "clinic.xlsm")
    with pytest.raises(FileRefused, match="only .xlsx is read"):
        intake.read([tmp_path / "clinic.xlsm"])
    (tmp_path / "clinic.xlsm").rename(tmp_path / "courses.csv")
    with pytest.raises(FileRefused, match="this is not a text file"):
        intake.read([tmp_path / "courses.csv", tmp_path / "courses.csv"][:1] + [_with(tmp_path, "manifest"), _with(tmp_path, "sessions")])
    with pytest.raises(FileMissing):
        intake.read([tmp_path / "nowhere.xlsx"])


def _with(folder: Path, name: str) -> Path:
    (folder / f"{name}.csv").write_text(SOUND[name])
    return folder / f"{name}.csv"


def test_a_workbook_is_loaded_alone(clinic, tmp_path):
    with pytest.raises(FileRefused, match="which is loaded alone"):
        intake.read([book(tmp_path / "clinic.xlsx"), *sorted(clinic().glob("*.csv"))])


def test_a_mapping_names_the_sheet_where_there_are_several(tmp_path):
    path = book(tmp_path / "clinic.xlsx")

    with pytest.raises(FileRefused, match='Say which one is meant: `sheet = "…"`'):
        workbook.read_sheet(path)
    with pytest.raises(FileRefused, match="has no sheet `course`. Did you mean `courses`"):
        workbook.read_sheet(path, "course")
    assert workbook.read_sheet(path, "courses")["course_id"].tolist() == ["c1", "c2"]


ROWS = b'<row r="%d"><c r="XFD%d" t="inlineStr"><is><t>x</t></is></c></row>'


def bombs(folder: Path) -> dict[str, Path]:
    """Small files that would unpack, or be read, into gigabytes."""
    header = b'<row r="1"><c r="A1" t="inlineStr"><is><t>as_of</t></is></c></row>'
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
    wide = sheet % (header + b"".join(ROWS % (row, row) for row in range(2, 20_000)))
    far = sheet % (header + b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>' * 20)
    parts = {
        "spaces": {"xl__worksheets__sheet1.xml": sheet % (b" " * 40_000_000)},
        "strings": {"xl__sharedStrings.xml": b"<sst>" + b"<si><t>a</t></si>" * 2_000_000 + b"</sst>"},
        "many": {f"xl__worksheets__more{place}.xml": b"<a/>" for place in range(3_000)},
        "wide": {"xl__worksheets__sheet1.xml": wide},
        "far": {"xl__worksheets__sheet1.xml": far},
    }
    return {name: repacked(book(folder / f"{name}.xlsx"), **added) for name, added in parts.items()}


def test_workbook_bombs_are_refused_in_little_time_and_memory(tmp_path):
    paths = bombs(tmp_path)
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from process import intake\n"
        "from process.errors import FileRefused\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        intake.read([Path(name)])\n"
        "    except FileRefused as refused:\n"
        "        print('refused', (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    limits = lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60))  # noqa: E731
    done = subprocess.run([sys.executable, "-c", program, *map(str, paths.values())], capture_output=True, text=True, preexec_fn=limits)

    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["refused"] * len(paths), done.stderr[-2000:]
    assert max(int(line.split()[1]) for line in lines) < 300, lines


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path):
    path = book(tmp_path / "clinic.xlsx")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    place = data.rindex(b"xl/worksheets/sheet1.xml") - 46
    assert data[place : place + 4] == b"PK\x01\x02" and int.from_bytes(data[place + 24 : place + 28], "little") == entry.file_size
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)

    with pytest.raises(FileRefused):
        intake.read([path])
