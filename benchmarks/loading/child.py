"""One measurement in a process of its own: `typed`, `load` or `encrypted`, the folder of the files and a folder to write to; says as JSON what it took."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from process.contract.tables import TABLES

Note = Callable[[str], None]


def typed_copy(delivery: Path, target: Path, note: Note) -> int:
    """The floor: DuckDB reads the files into plain typed tables on disk; the bytes of the database."""
    connection = duckdb.connect(str(target / "plain.duckdb"))
    for path in sorted(delivery.glob("*.csv")):
        header = path.open(encoding="utf-8").readline().strip().split(",")
        types = {name: TABLES[path.stem].column(name).duckdb_type for name in header}
        connection.read_csv(str(path), header=True, columns=types).create(path.stem)
    connection.execute("checkpoint")
    connection.close()
    return (target / "plain.duckdb").stat().st_size


def load(delivery: Path, target: Path, note: Note, encrypted: bool = False) -> int:
    """The product's whole load into a new store; the bytes of the generation."""
    from process.loading.load import Wishes, load

    keys = {"key": str(target / "store.key")} if encrypted else {"unencrypted": True}
    wishes = Wishes(codes=target / "codes", codes_key=target / "codes.key", **keys)
    loaded = load(target / "store", [delivery], wishes, lambda what, done, total: note(what))
    return loaded.generation.path.stat().st_size


def main(what: str, delivery: Path, target: Path) -> None:
    """Measure once."""
    from benchmarks.loading.run import PHASES

    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    told: list[tuple[str, float]] = []
    begin, used = time.perf_counter(), time.process_time()

    def note(step: str) -> None:
        told.append((step, time.perf_counter()))

    size = typed_copy(delivery, target, note) if what == "typed" else load(delivery, target, note, encrypted=what == "encrypted")
    end = time.perf_counter()
    phases: dict[str, float] = {}
    for (step, start), after in zip(told, [*(moment for _, moment in told[1:]), end], strict=False):
        phase = next((name for begins, name in PHASES.items() if step.startswith(begins)), step)
        phases[phase] = phases.get(phase, 0.0) + after - start
    print(json.dumps({"seconds": end - begin, "processors": time.process_time() - used, "bytes": size, "phases": phases}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
