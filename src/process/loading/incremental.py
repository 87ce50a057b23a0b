"""A small load makes its generation from the one before: the file is copied, and only the courses that the load touches are taken out and put in again.

Every summary and every derived table is *local to a course*: what it says of a course depends on that course's records, the registry of instruments and the
clinic-wide parameters, and on nothing else. So the same statements that build a whole generation, asked of the touched courses' records alone, give
these courses' rows; all others are right already. `tests/loading/test_local.py` proves it of each table. A generation is built whole instead where more than
`LARGEST` of the courses are touched, where the release, the registry of instruments or the key is another, and where clinic-wide parameters come anew (a
new quarter). Of the touched courses the rows that came lie at the end of the records then, and all rows at the end of each summary, until such a load puts
everything in order again.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.errors import StoreProblem
from process.loading import touched
from process.loading.changes import STATED, Comparison
from process.loading.exchanging import Exchange
from process.measures import derived, publishing
from process.measures.parameters import described as definitions
from process.measures.parameters import quarter
from process.sealed import Key
from process.store import Generation, OwnInstruments
from process.store import current as current_generation
from process.store.build import Derive, Progress, build, counted, kept
from process.store.encryption import attach, ready_to_write
from process.store.folder import FILE_MODE, settle_file
from process.store.unlocking import described

LARGEST = 0.2
"""Of all courses; beyond, building everything costs about as much and leaves the tables in order."""


@dataclass(frozen=True)
class _Rows:
    """How many rows a table is to hold, where the rows themselves are not in hand."""

    count: int

    def __len__(self) -> int:
        return self.count


def publish(
    folder: Path,
    comparison: Comparison,
    progress: Progress | None = None,
    about: Mapping[str, Any] | None = None,
    anew: bool = False,
    own: OwnInstruments | None = None,
    key: Key | None = None,
) -> Generation | None:
    """Make the load that was compared the generation that is served; None, and nothing is written, where the store holds all of it already.

    `anew`: estimate the clinic-wide parameters anew; for the other arguments see `store.publish`. Raises `StoreProblem` where another load was
    published since the comparison.
    """
    if comparison.changes.nothing and not anew:
        return None
    about = {**(about or {}), "changes": comparison.changes.as_dict()}
    manifest = comparison.delivered["manifest"]
    manifest = manifest.to_pandas() if isinstance(manifest, pa.Table) else manifest
    records = {"manifest": manifest} | {name: _Rows(count) for name, count in comparison.rows().items() if name != "manifest"}
    before = comparison.before
    earlier = None if anew or before is None else publishing.taken_over(before, comparison.sides.query, manifest, about)
    builder = _Builder(Path(folder), comparison, earlier)
    return publishing.publish(folder, records, progress, about, anew, own, key, builder, mends=comparison.changes.mode == "replace")


@dataclass(frozen=True)
class _Builder:
    """Writes the file of a compared load, from the generation before where that is worth it; takes the place of `store.build.build`."""

    folder: Path
    comparison: Comparison
    earlier: pd.DataFrame | None

    def __call__(self, path: Path, records: object, progress: Progress, derive: Derive, forms: tuple[Form, ...], key: Key | None) -> dict[str, int]:
        before = self.comparison.before
        served = current_generation(self.folder).name if (self.folder / "current").exists() else None
        if served != (before and before.name):
            raise StoreProblem(f"Another load into store {self.folder} was published meanwhile. Load again; nothing was changed.")
        if self._small(key):
            try:
                return self._changed(path, progress, forms, key)
            except touched.BuildWhole:
                path.unlink(missing_ok=True)
        return build(path, self.comparison.records(), progress, derive, forms, key)

    def _small(self, key: Key | None) -> bool:
        """Whether the generation before can be taken on."""
        before, changes = self.comparison.before, self.comparison.changes
        if before is None or self.earlier is None or changes.share > LARGEST or set(changes.also) - {STATED}:
            return False
        if described(key) != before.manifest.get("encryption") or set(before.manifest["counts"]) != _tables():
            return False
        now = quarter(lambda sql: self.comparison.sides.run('select max(as_of) as as_of from "delivered_manifest"').df())
        versions = [definition.version for definition in map(definitions().get, self.earlier["parameter"])]
        return set(self.earlier["quarter"]) == {now} and versions == self.earlier["version"].tolist()

    def _changed(self, path: Path, progress: Progress, forms: tuple[Form, ...], key: Key | None) -> dict[str, int]:
        steps = ["copying the generation before", "records of the touched courses", "their summaries", "putting them in"]
        sides = self.comparison.sides
        progress(steps[0], 0, len(steps))
        with ThreadPoolExecutor(1) as beside, closing(ready_to_write(path, key)) as connection:
            copied = beside.submit(_copy, self.comparison.before.path, path)
            settled = beside.submit(settle_file, path)  # the disk works while the summaries are made; what is changed in the copy is brought there at the end
            progress(steps[1], 1, len(steps))
            codes = touched.records(connection, sides, forms)
            copied.result()
            attach(connection, path, key)
            with closing(Exchange(connection, sides, [*kept(), *derived.TABLES])) as exchange:
                progress(steps[2], 2, len(steps))
                touched.make(connection, codes, self.earlier, exchange.put)
                progress(steps[3], 3, len(steps))
                exchange.finish(partial(touched.refuse_new_parameters, parameters=self.earlier))
            settled.result()
            return counted(connection)


def _copy(before: Path, path: Path) -> None:
    shutil.copyfile(before, path)
    path.chmod(FILE_MODE)


def _tables() -> set[str]:
    """The tables of a whole generation of this release."""
    return {*TABLES, "instruments", *kept(), *derived.STORED}
