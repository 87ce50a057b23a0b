"""The coverage study, in pieces: `python -m benchmarks.coverage.run --sizes 24 --seeds 1-500` adds to what is there; `--report` writes docs/coverage.md.

A piece skips the seeds it finds, so that pieces can run side by side (one a clinic size) and be taken up again. Each clinic's figures go to
`build/coverage/clinics-<therapists>.csv`; the report sums them up in `benchmarks/coverage/results.json` and puts the tables between the marks of
docs/coverage.md.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import pickle
import time
import warnings
from pathlib import Path

import pandas as pd
from benchmarks.coverage import report, study

ROOT = Path(__file__).parents[2]
PIECES = ROOT / "build" / "coverage"
SIZES = {8: 320, 24: 960, 100: 2000}
"""Therapists and courses; caseloads are unequal, a tenth of therapists have two to five courses."""
PILOT_CLINICS = 24


def main() -> None:
    """Simulate and ask the clinics that are missing, one after the other; then the report, if it is asked for."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), choices=list(SIZES), help="numbers of therapists")
    arguments.add_argument("--seeds", default="1-1000", help="first and last seed, as 1-1000")
    arguments.add_argument("--folder", type=Path, default=PIECES, help="where the clinics' figures are kept")
    arguments.add_argument("--report", action="store_true", help="only sum up what is there, into docs/coverage.md")
    given = arguments.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    first, last = (int(part) for part in given.seeds.split("-"))
    given.folder.mkdir(parents=True, exist_ok=True)
    if not given.report:
        known = learnt(given.folder / "pilot.pickle")
        for seed in range(first, last + 1):  # size by size inside a seed, so that a study broken off is still one of all sizes
            for therapists in given.sizes:
                add(given.folder / f"clinics-{therapists}.csv", therapists, seed, known)
    report.write(given.folder, learnt(given.folder / "pilot.pickle"), SIZES)


def learnt(path: Path) -> study.Pilot:
    """What clinics without effects foretell, worked out once."""
    if not path.exists():
        made = study.pilot(PILOT_CLINICS)
        path.with_suffix(".new").write_bytes(pickle.dumps(made))
        path.with_suffix(".new").replace(path)
    return pickle.loads(path.read_bytes())  # our own file


def add(path: Path, therapists: int, seed: int, known: study.Pilot) -> None:
    """One more clinic at the end of the file, unless it is there."""
    there = set(pd.read_csv(path, usecols=["seed"])["seed"]) if path.exists() else set()
    if seed in there:
        return
    started = time.process_time()
    found = study.clinic(SIZES[therapists], therapists, seed, known).assign(seconds=time.process_time() - started)
    found.to_csv(path, mode="a", header=not path.exists(), index=False)


if __name__ == "__main__":
    main()
