"""Therapy process: how goals are reached, how the alliance moves, how caseloads are carried.

import process
clinic = process.open("demo-store")                                        # in Jupyter: as the analyst who owns the files
answer = clinic.ask("alliance_by_session", process.Cohort(length=(9, 30)))
answer.table, answer.sentence, answer.n, answer.definition, answer.figure()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from process.access import Clinic
    from process.access.viewer import Asking

__version__ = "0.1.0"
__all__ = ["Cohort", "Viewer", "__version__", "open"]


def open(store: str | Path, viewer: Asking | None = None) -> Clinic:  # the name the design gives it
    """The clinic in a store, as this viewer may see it; without a viewer as the analyst, who is whoever owns the files.

    Raises `StoreProblem` when the folder is not a store.
    """
    import process.charts  # noqa: F401 - answers draw themselves through it
    from process.access import ANALYST, Clinic, open_records

    return Clinic(open_records(Path(store)), viewer if viewer is not None else ANALYST)


def __getattr__(name: str) -> Any:
    if name in ("Cohort", "Viewer"):
        import process.access

        return getattr(process.access, name)
    raise AttributeError(f"module `process` has no `{name}`")
