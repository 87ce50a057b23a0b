"""What a load costs beside what DuckDB alone needs for the same files: `make benchmark-loading` measures in one run and writes docs/performance.md.

The floor is the nine CSV files copied by DuckDB's own reader, types given, into plain tables of a database on disk, checkpointed: nothing checked, nothing
summarised. The load is all of the product's: every check, codes replaced, compared with the store, summaries, estimates, published. Both run in processes of
their own, in turn, so that whatever else the machine does meets both.

    python -m benchmarks.loading.run [--sessions 1000000] [--repeat 3] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from process import demo
from process.store import encryption

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
START, END = "<!-- loading: start -->", "<!-- loading: end -->"
PHASES = {
    "reading": "reading and checking every cell",
    "comparing rows": "rows against one another",
    "replacing codes": "codes replaced by surrogates",
    "comparing with": "compared with what is served",
    "storing": "numbered, sorted, put in memory, while it is written",
    "summary": "summaries, while tables are written and estimates made",
    "estimates": "the rest of estimates, derived tables and writing",
    "checking": "checked, brought to the disk, named",
    "key sheets": "key sheets",
}
"""How the load names its steps to whoever waits for it, and what each of them is."""


@dataclass(frozen=True)
class Measured:
    """One process: seconds by the clock and of processors, the most memory it held (MB), the bytes it left on disk, and seconds by phase."""

    seconds: float
    processors: float
    peak: float
    bytes: int
    phases: dict[str, float]


def measure(what: str, *arguments: object) -> Measured:
    """Run `benchmarks.loading.child` once; the memory is what the system counted for that process and none other."""
    command = [sys.executable, "-m", "benchmarks.loading.child", what, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PAGE.parents[1])
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Measured(**json.loads(said.splitlines()[-1]), peak=used.ru_maxrss / 1024)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the delivery, measure, write the page."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--sessions", type=int, default=1_000_000)
    reader.add_argument("--repeat", type=int, default=3)
    reader.add_argument("--keep", type=Path, help="a folder for the files, which stay there")
    chosen = reader.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="therapy-process-")) if chosen.keep is None else chosen.keep
    try:
        delivery = folder / f"delivery-{chosen.sessions}"
        if not (delivery / "sessions.csv").exists():
            demo.write(demo.simulate(demo.Settings.for_sessions(chosen.sessions)), delivery)
        ways = ["typed", "load", *(["encrypted"] if encryption.can_write() else [])]
        found: dict[str, list[Measured]] = {way: [] for way in ways}
        for _ in range(chosen.repeat):
            for way in ways:
                found[way].append(measure(way, delivery, folder / way))
                print(f"{way:10s} {found[way][-1].seconds:7.2f} s, peak {found[way][-1].peak:,.0f} MB", flush=True)
        page = PAGE.read_text("utf-8")
        before, after = page.split(START)[0], page.split(END)[1]
        PAGE.write_text(before + START + "\n" + _told(found, delivery) + END + after, encoding="utf-8")
    finally:
        if chosen.keep is None:
            shutil.rmtree(folder)


def _told(found: dict[str, list[Measured]], delivery: Path) -> str:
    """The table of the page, in Markdown."""
    middle = {way: sorted(runs, key=lambda run: run.seconds)[len(runs) // 2] for way, runs in found.items()}
    floor = statistics.median(run.seconds for run in found["typed"])
    rows = {path.stem: path.read_bytes().count(b"\n") - 1 for path in delivery.glob("*.csv")}
    size = sum(path.stat().st_size for path in delivery.glob("*.csv"))
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pandas", "pyarrow"))
    heads = {"typed": "plain typed copy by DuckDB", "load": "a load", "encrypted": "a load, encrypted"}
    lines = [
        f"Measured {date.today():%-d %B %Y}, {os.cpu_count()} processors, Python {platform.python_version()}, {versions}; "
        f"medians of {len(found['typed'])} runs in turn; simulated clinic, "
        f"{rows['sessions']:,} appointments, {sum(rows.values()):,} rows in {len(rows)} files, {size / 1e6:,.0f} MB of CSV. "
        f"Load average {os.getloadavg()[1]:.1f} while it ran.",
        "",
        "| | " + " | ".join(heads[way] for way in found) + " |",
        "| --- |" + " ---: |" * len(found),
        "| seconds, median | " + " | ".join(f"{statistics.median(run.seconds for run in runs):.2f}" for runs in found.values()) + " |",
        "| seconds, fastest | " + " | ".join(f"{min(run.seconds for run in runs):.2f}" for runs in found.values()) + " |",
        "| times the plain copy, median | " + " | ".join(f"{statistics.median(run.seconds for run in runs) / floor:.1f}" for runs in found.values()) + " |",
        "| processor seconds | " + " | ".join(f"{run.processors:.1f}" for run in middle.values()) + " |",
        "| times the plain copy's | " + " | ".join(f"{run.processors / middle['typed'].processors:.1f}" for run in middle.values()) + " |",
        "| peak memory, MB | " + " | ".join(f"{max(run.peak for run in runs):,.0f}" for runs in found.values()) + " |",
        "| on disk, MB | " + " | ".join(f"{run.bytes / 1e6:,.0f}" for run in middle.values()) + " |",
    ]
    for phase in PHASES.values():
        spent = [f"{run.phases[phase]:.2f}" if phase in run.phases else "" for run in middle.values()]
        if any(spent):
            lines.append(f"| {phase} | " + " | ".join(spent) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
