"""The table of refusals, through the command itself: bad files with the kind of message and the exit code of each, and good files that have to load.

What is refused leaves the generation that was served before as it was, and nothing that is said repeats the canary that the file holds where its fault is.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from tests.intake.bad_files import CANARY, CELLS, FORM, Bad
from tests.intake.conftest import SOUND
from tests.intake.good_files import GOOD, GOOD_EXPORTS, ROWS_REFUSED
from tests.intake.identifying_files import EXPORTS, NAMED, STRAYS, TELLING
from tests.intake.test_mapping import MAPPING

from process import cli, store
from process.cli.app import out
from process.intake.canonical import NEEDED
from process.loading.load import Wishes, load

BAD = [*FORM, *CELLS, *NAMED, *TELLING, *STRAYS, *EXPORTS]


def delivered(folder: Path, spoilt: dict[str, str | bytes | None]) -> Path:
    folder.mkdir()
    for name, text in (SOUND | spoilt).items():
        if text is not None:
            (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def spoilt_alone(bad: Bad) -> dict[str, str | bytes | None]:
    """What is spoilt, and of the sound files those that every load needs: what else there might be is read for nothing."""
    return {name: None for name in SOUND if name not in NEEDED} | bad.spoilt


def exported(folder: Path, text: str | bytes, mapping: str) -> tuple[Path, str, Path]:
    folder.mkdir()
    (folder / "export.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "ours.toml").write_text(mapping)
    return folder / "export.csv", "--mapping", folder / "ours.toml"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; give exit code, stdout and stderr (in one line each)."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["therapy-process", *map(str, arguments)])
        monkeypatch.setattr(out, "_width", 300)  # however wide the terminal is
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, " ".join(said.out.split()), " ".join(said.err.split())

    return command


@dataclass(frozen=True)
class Served:
    """A store with a good generation, and what it is to be the same by afterwards."""

    folder: Path
    generation: store.Generation
    rows: dict[str, pd.DataFrame]
    files: dict[str, bytes]


def rows_of(folder: Path) -> dict[str, pd.DataFrame]:
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        return {name: engine.query(f"select * from {name} order by all") for name in ("manifest", *SOUND, "course_facts")}


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of the store and beside it, but the journal, to which each refusal adds its line."""
    return {str(path): path.read_bytes() for path in sorted(folder.parent.rglob("*")) if path.is_file() and path.name != "journal.jsonl"}


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Served:
    """The small clinic, loaded by the command; looked at only."""
    place = tmp_path_factory.mktemp("served")
    delivery = delivered(tmp_path_factory.mktemp("good") / "delivery", {})
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["therapy-process", "intake", str(place / "store"), str(delivery)])
        cli.main()
    assert not ended.value.code
    folder = place / "store"
    return Served(folder, store.current(folder), rows_of(folder), files_of(folder))


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_file_is_refused_by_kind_without_its_values_and_what_was_served_is_served_still(run, served, tmp_path, bad):
    files = exported(tmp_path / "export", bad.export, bad.mapping) if bad.export else (delivered(tmp_path / "delivery", spoilt_alone(bad)),)

    code, out, err = run("intake", served.folder, *files)

    assert (code, bad.said in err) == (bad.code, True), err
    assert "Traceback" not in err and out == ""
    for secret in bad.secrets:
        assert secret not in out + err
    assert store.current(served.folder) == served.generation
    assert files_of(served.folder) == served.files
    journal = (served.folder / "journal.jsonl").read_text()
    assert not any(secret in journal for secret in bad.secrets)


def test_after_all_refusals_the_generation_still_opens_with_the_same_rows(run, served, tmp_path):
    for number, bad in enumerate(BAD[::20]):
        files = exported(tmp_path / str(number), bad.export, bad.mapping) if bad.export else (delivered(tmp_path / str(number), spoilt_alone(bad)),)
        run("intake", served.folder, *files)

    for name, frame in rows_of(served.folder).items():
        pd.testing.assert_frame_equal(frame, served.rows[name])


PUBLISHED = ("line ends of Windows", "quarters in place of weeks")
"""Good files that are loaded to the end; of the others it is looked whether they would load, which does everything but write."""


def lines_of(spoilt: dict[str, str | bytes | None]) -> dict[str, int]:
    texts = {name: text if isinstance(text, bytes) else text.encode() for name, text in (SOUND | spoilt).items() if text is not None}
    return {name: text.count(b"\n") - 1 for name, text in texts.items()}


@pytest.mark.parametrize(("what", "spoilt"), GOOD, ids=[what for what, _ in GOOD])
def test_every_row_of_a_good_file_would_load(tmp_path, what, spoilt):
    done = load(tmp_path / "store", [delivered(tmp_path / "delivery", spoilt)], check=True)

    lines = lines_of(spoilt)
    assert {entry.table: (entry.rows_in, entry.kept) for entry in done.report.tables} == {name: (count, count) for name, count in lines.items()}
    assert {entry.table: entry.added for entry in done.changes.tables if entry.added} == {k: n for k, n in lines.items() if n and k != "manifest"}


@pytest.mark.parametrize("what", PUBLISHED)
def test_a_good_file_loads_through_the_command(run, tmp_path, what):
    spoilt = dict(GOOD)[what]

    code, out, err = run("intake", tmp_path / "store", delivered(tmp_path / "delivery", spoilt))

    assert code == 0 and "Loaded into" in out, err
    manifest = store.current(tmp_path / "store").manifest
    account = {entry["table"]: entry for entry in manifest["about"]["intake"]["tables"]}
    assert {name: entry["rows_in"] for name, entry in account.items()} == lines_of(spoilt)
    assert {name: entry["kept"] for name, entry in account.items()} == {name: manifest["counts"][name] for name in lines_of(spoilt)}


@pytest.mark.parametrize(("what", "text"), GOOD_EXPORTS, ids=[what for what, _ in GOOD_EXPORTS])
def test_a_good_export_would_load(tmp_path, what, text):
    path, _, mapping = exported(tmp_path / "export", text, MAPPING)

    done = load(tmp_path / "store", [path], Wishes(mapping=mapping), check=True)

    assert done.report.table("sessions").kept == text.count("\n") - 1 == 3


@pytest.mark.parametrize(("what", "reason", "spoilt"), ROWS_REFUSED, ids=[what for what, *_ in ROWS_REFUSED])
def test_a_row_that_another_row_contradicts_is_refused_alone_and_counted(run, served, tmp_path, what, reason, spoilt):
    code, out, err = run("intake", served.folder, delivered(tmp_path / "delivery", spoilt), "--check")

    assert code == 0 and f"refused: {reason}" in out and "nothing was loaded" in out, err
    assert CANARY not in out + err and files_of(served.folder) == served.files


def test_the_table_is_as_long_as_it_was_promised():
    assert len(BAD) >= 90 and len(GOOD) + len(GOOD_EXPORTS) >= 20 and set(PUBLISHED) <= set(dict(GOOD))
    assert len({bad.what for bad in BAD}) == len(BAD)
