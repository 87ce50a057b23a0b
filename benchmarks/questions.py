"""What a question costs without a browser: one trivial DuckDB query, a lease's answers, and preparing a page for another filter."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import process
from process.access import Viewer
from process.measures import catalogue
from process.pages import PLANS

RANGES = [(3 + step % 7, 14 + (step * 5) % 23) for step in range(100)]


def timed(work: Callable[[], object], times: int) -> float:
    """Median milliseconds."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - started))
    return statistics.median(took)


def run(store: Path) -> dict[str, dict[str, float]]:
    """Medians in milliseconds, for the director's whole clinic."""
    clinic = dataclasses.replace(process.open(store), asking=Viewer("director", "director"))
    engine = clinic.records.engine
    found = {"one trivial DuckDB query": {"median": timed(lambda: engine.query("select count(*) as n from course_facts"), 200)}}
    for page, plan in PLANS.items():
        cohort = process.Cohort(basis=plan.basis)
        lease = clinic.prepare(page, cohort)
        parts: dict[str, list[float]] = {"additive": [], "matched": []}
        for length in RANGES:
            spent = {"additive": 0.0, "matched": 0.0}
            for name in lease.questions:
                started = time.perf_counter()
                lease.answer(name, length)
                spent["additive" if catalogue.measure(name).additive else "matched"] += 1000 * (time.perf_counter() - started)
            for kind, took in spent.items():
                parts[kind].append(took)
        found[page] = {
            "a lease's answers to one range, additive": statistics.median(parts["additive"]),
            "a lease's answers to one range, matched": statistics.median(parts["matched"]),
            "preparing for another filter": timed(lambda page=page, cohort=cohort: _prepared_anew(clinic, page, cohort), 7),
        }
    engine.close()
    return found


def _prepared_anew(clinic: process.access.Clinic, page: str, cohort: process.access.Cohort) -> None:
    clinic.records._cubes.clear()
    clinic.prepare(page, cohort)
