"""Small clinics whose files load in a moment, and which differ in every figure."""

from __future__ import annotations

from pathlib import Path

from process import demo
from process.store import encryption

CLINICS = {"before": 40, "after": 55}
"""Courses of each."""


def delivery(folder: Path, name: str) -> Path:
    """Write that clinic's files into the folder, as real records: a store of them is encrypted where it can be."""
    records = demo.simulate(demo.Settings(courses=CLINICS[name], therapists=8, seed=CLINICS[name]))
    demo.write(records, folder)
    if encryption.can_write():
        manifest = folder / "manifest.csv"
        manifest.write_text(manifest.read_text().replace("simulated", "real"))
    return folder
