"""What a week's records cost beside everything: one run loads a clinic without its last week, then that week, then everything into a new store.

    python -m benchmarks.loading.delta [--courses 81000] [--repeat 3] [--encrypted]

81,000 simulated courses are about a million sessions. The last week of the records is taken out (appointments, what was scored, rated, agreed or closed in
them, courses that began); the store is loaded without it, and the week comes as `--correct`. Both are the whole of what `therapy-process intake` does, each in
a process of its own. Processor seconds are told, too, because they can be compared on a machine that is busy otherwise.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from process import demo
from process.loading.changes import Changes
from process.loading.load import Wishes, load

_PLACED = ("scores", "ruptures")
_OF_GOALS = ("goal_reviews", "goal_ratings")


def split(records: dict[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The records as they were a week earlier, and what that week brought: rows that are new and rows that have changed."""
    last = records["sessions"]["week"].max()
    of_week = records["sessions"]["week"] == last
    session = pd.MultiIndex.from_frame(records["sessions"].loc[of_week, ["course_id", "session_number"]])
    goals, ruptures = records["goals"].set_index("goal_id"), records["ruptures"].set_index("rupture_id")

    def in_week(course: pd.Series, number: pd.Series) -> pd.Series:
        return pd.MultiIndex.from_arrays([course, number]).isin(session)

    new = {"sessions": of_week.to_numpy()}
    new |= {name: in_week(records[name]["course_id"], records[name]["session_number"]) for name in _PLACED}
    new["goals"] = in_week(records["goals"]["course_id"], records["goals"]["agreed_session"])
    for name in _OF_GOALS:
        new[name] = in_week(records[name]["goal_id"].map(goals["course_id"]), records[name]["session_number"])
    steps = records["rupture_steps"]
    new["rupture_steps"] = in_week(steps["rupture_id"].map(ruptures["course_id"]), steps["session_number"])
    before = {name: records[name][~new[name]] for name in new}
    week = {name: records[name][new[name]] for name in new}
    known = records["courses"]["course_id"].isin(before["sessions"]["course_id"])
    before["courses"], week["courses"] = records["courses"][known], records["courses"][~known]
    closed = in_week(before["goals"]["course_id"], before["goals"]["closed_session"].fillna(-1).astype(int))
    week["goals"] = pd.concat([week["goals"], before["goals"][closed]])
    before["goals"] = before["goals"].assign(
        fate=before["goals"]["fate"].where(~closed, "open"),
        closed_session=before["goals"]["closed_session"].where(~closed),
        replaced_by=before["goals"]["replaced_by"].where(~closed),
    )
    earlier = records["manifest"].assign(as_of=last - pd.Timedelta(days=1))
    return {"manifest": earlier, **before}, {"manifest": records["manifest"].assign(as_of=last + pd.Timedelta(days=6)), **week}


@dataclass(frozen=True)
class Measured:
    """One load: seconds by the clock and of processors, peak memory in MB, the size of its file in MB, seconds from step to step, and what it changed."""

    seconds: float
    processors: float
    memory: float
    file: float
    steps: dict[str, float]
    changes: Changes


def measured(place: Path, files: Path, mode: str, encrypted: bool) -> Measured:
    """Load files into the store in `place`, codes and key sheets and all, in a process of its own; the program has been loaded before the clock runs."""
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        return alone.submit(_load, place, files, mode, encrypted).result()


def _load(place: Path, files: Path, mode: str, encrypted: bool) -> Measured:
    told: list[tuple[str, float]] = []
    keys = {"key": str(place.parent / "store.key")} if encrypted else {"unencrypted": True}
    wishes = Wishes(mode=mode, codes=place / "codes", codes_key=place.parent / "codes.key", **keys)
    begin, used = time.perf_counter(), time.process_time()
    loaded = load(place / "store", [files], wishes, lambda what, done, total: told.append((what, time.perf_counter())))
    end, processors = time.perf_counter(), time.process_time() - used
    steps: dict[str, float] = {}
    for (step, start), after in zip([("begin", begin), *told], [*(moment for _, moment in told), end], strict=True):
        steps[step] = steps.get(step, 0.0) + after - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(end - begin, processors, memory, loaded.generation.path.stat().st_size / 1e6, steps, loaded.changes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--courses", type=int, default=81_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--encrypted", action="store_true")
    asked = parser.parse_args()
    records = demo.simulate(demo.Settings(courses=asked.courses, therapists=max(8, asked.courses // 160)))
    before, week = split(records)
    with tempfile.TemporaryDirectory(prefix="therapy-process-") as place:
        root = Path(place)
        for name, part in (("before", before), ("week", week), ("everything", records)):
            demo.write(part, root / name)
        measured(root / "loaded", root / "before", "replace", asked.encrypted)
        print(f"{len(records['sessions']):,} sessions, {len(records['scores']):,} scores in {asked.courses:,} courses; load average {os.getloadavg()[0]:.1f}")
        weeks, wholes = [], []
        for turn in range(asked.repeat):
            here = Path(shutil.copytree(root / "loaded", root / f"week{turn}"))
            weeks.append(measured(here, root / "week", "correct", asked.encrypted))
            wholes.append(measured(root / f"whole{turn}", root / "everything", "replace", asked.encrypted))
            for path in (here, root / f"whole{turn}"):
                shutil.rmtree(path)
        changed = weeks[-1].changes
        new = sum(entry.added + entry.corrected for entry in changed.tables)
        print(f"the week: {new:,} rows new or corrected, {changed.courses:,} courses touched ({100 * changed.share:.1f} %)")
        for what, loads in (("full load", wholes), ("the week", weeks)):
            seconds, processors = (statistics.median(getattr(one, part) for one in loads) for part in ("seconds", "processors"))
            least = min(one.processors for one in loads)
            memory, file = (max(getattr(one, part) for one in loads) for part in ("memory", "file"))
            print(f"{what}: {seconds:.2f} s, {processors:.2f} s of processors ({least:.2f} at the least), {memory:,.0f} MB of memory, file of {file:.0f} MB")
        for step in weeks[0].steps:
            print(f"    {step}: {statistics.median(one.steps.get(step, 0.0) for one in weeks):.2f} s")
        for part, name in (("seconds", "seconds"), ("processors", "processor seconds")):
            share = statistics.median(getattr(one, part) / getattr(whole, part) for one, whole in zip(weeks, wholes, strict=True))
            print(f"the week / the full load = {share:.3f} of its {name}")


if __name__ == "__main__":
    main()
