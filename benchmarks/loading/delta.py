"""What a week's records cost beside everything: one run loads a clinic without its last week, then that week, then everything again, from CSV files.

    python benchmarks/loading/delta.py [--courses 81000] [--repeat 3]

81,000 simulated courses are about a million sessions. The last week of the records is taken out (appointments, what was scored, rated, agreed or closed in
them, courses that began); the store is loaded without it, and the week comes as `--correct`. For comparison a full load of the same records into another
store. Each part is timed by itself, in this process; the store is not encrypted.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import pandas as pd

from process import demo, intake, store
from process.loading import changes, incremental
from process.measures.publishing import publish

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


def full(folder: Path, files: Path) -> tuple[float, float]:
    """Seconds to read and to build a whole load."""
    begin = time.perf_counter()
    loaded = intake.read([files])
    read = time.perf_counter()
    publish(folder, loaded.records)
    return read - begin, time.perf_counter() - read


def added(folder: Path, files: Path) -> tuple[float, float, float, changes.Changes]:
    """Seconds to read, to compare and to put in a week's load, and what it changed."""
    begin = time.perf_counter()
    loaded = intake.read([files], partial=True)
    read = time.perf_counter()
    with changes.compare(folder, loaded.records, "correct") as comparison:
        compared = time.perf_counter()
        incremental.publish(folder, comparison)
        return read - begin, compared - read, time.perf_counter() - compared, comparison.changes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--courses", type=int, default=81_000)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    records = demo.simulate(demo.Settings(courses=asked.courses, therapists=max(8, asked.courses // 160)))
    before, week = split(records)
    with tempfile.TemporaryDirectory(prefix="therapy-process-") as place:
        root = Path(place)
        for name, part in (("before", before), ("week", week), ("everything", records)):
            demo.write(part, root / name)
        full(root / "store", root / "before")
        print(f"{len(records['sessions']):,} sessions, {len(records['scores']):,} scores in {asked.courses:,} courses")
        times, wholes = [], []
        for turn in range(asked.repeat):
            here = Path(shutil.copytree(root / "store", root / f"store{turn}"))
            *parts, changed = added(here, root / "week")
            times.append(parts)
            wholes.append(full(root / f"whole{turn}", root / "everything"))
            size = {path: store.current(path).path.stat().st_size / 1e6 for path in (here, root / f"whole{turn}")}
            print(f"turn {turn + 1}: file of the week's generation {size[here]:.0f} MB, of the full build {size[root / f'whole{turn}']:.0f} MB")
            for path in size:
                shutil.rmtree(path)
        new = sum(entry.added + entry.corrected for entry in changed.tables)
        print(f"the week: {new:,} rows new or corrected, {changed.courses:,} courses touched ({100 * changed.share:.1f} %)")
        read, compared, put_in = (statistics.median(turn[place] for turn in times) for place in range(3))
        whole_read, built = (statistics.median(turn[place] for turn in wholes) for place in range(2))
        print(f"full load: {whole_read:.2f} s reading + {built:.2f} s building")
        print(f"the week:  {read:.2f} s reading + {compared:.2f} s comparing + {put_in:.2f} s putting in")
        share = (read + compared + put_in) / (whole_read + built)
        print(f"the week / the full load = {share:.3f}; comparing and putting in / building = {(compared + put_in) / built:.3f}")


if __name__ == "__main__":
    main()
