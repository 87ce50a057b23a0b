"""Every measurement in one run on the demo clinic, written into docs/performance.md beside its targets (`make benchmark`)."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does for the server

import argparse
import datetime
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import page
import questions

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "docs" / "performance.md"
START, END = "<!-- measured: start -->", "<!-- measured: end -->"


def table(pages: dict[str, dict[str, float]], asked: dict[str, dict[str, float]]) -> str:
    """The measurements as Markdown."""
    names = list(questions.PLANS)
    rows = [("opened warm → every figure drawn, median", "opened warm, median"), ("the same, 95th percentile", "opened warm, p95")]
    rows += [("range move → every figure, sentence and count redrawn, median", "redrawn, median"), ("the same, 95th percentile", "redrawn, p95")]
    rows += [("range move → first feedback, median", "feedback, median"), ("the same, 95th percentile", "feedback, p95")]
    rows += [("server CPU a move", "server CPU"), ("server CPU a session opened, figures made ahead included", "server CPU a session")]
    lines = [f"| milliseconds | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
    lines += [f"| {title} | {' | '.join(f'{pages[name][key]:.1f}' for name in names)} |" for title, key in rows]
    lines += [f"| {title} | {' | '.join(f'{asked[name][title]:.2f}' for name in names)} |" for title in asked[names[0]]]
    trivial = f"{asked['one trivial DuckDB query']['median']:.2f}"
    lines.append(f"| one trivial DuckDB query | {' | '.join([trivial] * len(names))} |")
    lines.append(f"\nThe server's resident memory after all of it: {pages['server']['memory, MB']:.0f} MB.")
    return "\n".join(lines)


def main() -> None:
    """Measure, and put the table between the two marks of the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--store", type=Path, default=ROOT / "demo-store")
    arguments.add_argument("--port", type=int, default=5077)
    arguments.add_argument("--moves", type=int, default=100)
    arguments.add_argument("--openings", type=int, default=10)
    given = arguments.parse_args()
    subprocess.run([sys.executable, "-m", "process", "demo", "--build-only", "--store", str(given.store)], check=True)
    asked = questions.run(given.store)
    pages = page.run(given.store, given.port, given.moves, given.openings)
    libraries = ", ".join(f"{name} {version(name)}" for name in ("panel", "bokeh", "holoviews", "duckdb", "pandas"))
    when = f"Measured {datetime.date.today():%d %B %Y}, {os.cpu_count()} processors, Python {platform.python_version()}, {libraries};"
    when += f" {given.moves} moves and {given.openings} openings a page, director, demo clinic of 1,500 courses."
    text = REPORT.read_text("utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    REPORT.write_text(f"{before}{START}\n{when}\n\n{table(pages, asked)}\n{END}{after}", "utf-8")
    print(table(pages, asked))


if __name__ == "__main__":
    main()
