"""What a workbook's zip holds, looked over before a cell is read: its size when unpacked, macros and links, and what no one at the screen could see."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from process.errors import FileMissing, FileRefused
from process.intake.faults import Fault, refusal

MOST_PARTS, MOST_BYTES, MOST_STRINGS, MOST_PACKED = 2_000, 200_000_000, 60_000_000, 150
SMALL_PART = 1_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HIDDEN = re.compile(rb"<(?:\w+:)?(row|col)\b[^>]*\bhidden=[\"'](?:1|true)[\"']")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)|<\0!\0(?:D|E)\0")
_FORBIDDEN = (
    (re.compile(r"(?i).*vbaProject\.bin|.*/macrosheets/.*"), "it holds macros; save it as “Excel Workbook (.xlsx)”"),
    (re.compile(r"(?i)xl/externalLinks/.*"), "it has links to other files; break them (Data, Edit Links) and paste values"),
    (re.compile(r"(?i)xl/(connections\.xml|queryTables/.*)"), "it is connected to a database or the web; paste the values into a new workbook"),
    (re.compile(r"(?i)xl/embeddings/.*|xl/activeX/.*"), "other documents are embedded in it; paste the values into a new workbook"),
)
_CHUNK, _OVERLAP = 1 << 20, 4096


def look_over(path: Path) -> None:
    """Refuse by what the zip directory says, then by what stands in each part's XML; nothing is held in memory but one piece of one part."""
    try:
        handle = path.open("rb")
    except OSError as error:
        raise FileMissing(f"{path} cannot be read: {error.strerror}.") from None
    with handle:
        if handle.read(len(_OLE)) == _OLE:
            protected = "EncryptedPackage".encode("utf-16-le") in handle.read(MOST_BYTES)
            kind = "it is protected by a password; save it without one" if protected else "an old .xls workbook; save it as “Excel Workbook (.xlsx)”"
            raise refusal(path.name, [Fault(kind)])
        try:
            with zipfile.ZipFile(handle) as archive:
                _parts(path, archive)
        except FileRefused:
            raise
        except Exception:  # of zipfile and of each of its decompressors there are many kinds
            raise refusal(path.name, [Fault("not an Excel workbook (.xlsx), or one that is damaged")]) from None


def _parts(path: Path, archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise refusal(path.name, [Fault("a zip file, but no Excel workbook (.xlsx)")])
    for pattern, kind in _FORBIDDEN:
        if any(pattern.fullmatch(name) for name in names):
            raise refusal(path.name, [Fault(kind)])
    if path.suffix.lower() != ".xlsx":
        raise refusal(path.name, [Fault("only .xlsx is read; save it as “Excel Workbook (.xlsx)”")])
    whole, strings = sum(part.file_size for part in parts), sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    packed = any(part.file_size > max(SMALL_PART, MOST_PACKED * part.compress_size) for part in parts)
    if len(names) != len(set(names)) or len(parts) > MOST_PARTS or whole > MOST_BYTES or strings > MOST_STRINGS or packed:
        raise refusal(path.name, [Fault("the workbook is too large when unpacked, or packed as no Excel packs it; hand over CSV files instead")])
    for part in parts:
        if part.filename.lower().endswith((".xml", ".rels")):
            _look_into(path, archive, part)


def _look_into(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    is_sheet = part.filename.lower().startswith("xl/worksheets/")
    kinds = []
    with archive.open(part) as handle:
        before = b""
        while piece := handle.read(_CHUNK):
            seen = before + piece
            if _DECLARED.search(seen):
                raise refusal(path.name, [Fault("it declares entities of its own, which no Excel does")])
            if is_sheet:
                kinds += [f"hidden {'rows' if found[1] == b'row' else 'columns'}; show or delete them" for found in [_HIDDEN.search(seen)] if found]
                kinds += ["merged cells; split them"] if _MERGED.search(seen) else []
            before = seen[-_OVERLAP:]
    if kinds:
        raise refusal(path.name, [Fault(kind) for kind in dict.fromkeys(kinds)])
