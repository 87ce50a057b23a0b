"""The tables of ruptures and of the steps towards repair."""

from __future__ import annotations

import pandas as pd

from process.demo.records import Book, coded, codes, whole
from process.demo.repair import Repair
from process.demo.ruptures import MOVERS, NOTICED, Ruptures


def rupture_tables(book: Book, found: Ruptures, fates: Repair) -> dict[str, pd.DataFrame]:
    """The two tables of ruptures: what happened, and the steps towards repair inside each course."""
    assumed = book.settings.numbers["ruptures"]
    names = pd.array(codes("R", found.count, 7), dtype="str")
    rupture, rank, step, by = fates.steps(found, book.kept.lengths)
    return {
        "ruptures": pd.DataFrame(
            {
                "rupture_id": names,
                "course_id": book.course_id(found.course),
                "session_number": book.number(found.course, found.rank),
                "kind": coded(found.kind, list(assumed["kinds"])),
                "moved_by": coded(found.moved_by, MOVERS),
                "noticed_by": coded(found.noticed_by, NOTICED),
                "source": coded(found.source, list(assumed["sources"])),
                "intensity": whole(found.intensity, found.intensity < 0),
                "theme": coded(found.theme, list(assumed["themes"])),
            }
        ),
        "rupture_steps": pd.DataFrame(
            {
                "rupture_id": pd.Series(names.take(rupture)),
                "session_number": book.number(found.course[rupture], rank),
                "step": coded(step, ("acknowledged", "negotiated", "repaired")),
                "by": coded(by, ("patient", "therapist")),
            }
        ),
    }
