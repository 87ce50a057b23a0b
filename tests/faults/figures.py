"""What a store answers, as one text: equal texts are identical figures. Codes are left out, because they are drawn at random."""

from __future__ import annotations

import json
from pathlib import Path

import process

ASKED = ("lengths", "endings", "alliance_by_session", "attainment_curve", "rupture_kinds", "outcome_change", "session_gaps")


def figures(store: Path) -> str:
    """The answers of several measures about the generation that is served now."""
    clinic = process.open(store)
    try:
        return answered(clinic)
    finally:
        clinic.records.engine.close()


def answered(clinic: process.Clinic) -> str:
    """The answers of an open clinic."""
    found = []
    for name in ASKED:
        answer = clinic.ask(name)
        assert not {"patient_id", "course_id"} & set(answer.table.columns)
        found.append(answer.table.drop(columns="therapist_id", errors="ignore").round(9).to_csv(index=False))
        found.append(answer.headlines.round(9).to_csv() + json.dumps(sorted(answer.notes)))
    return "\n".join(found)
