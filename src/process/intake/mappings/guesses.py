"""What a column of an export probably is, by its name alone: a column of the contract, or the total of a known instrument. A guess is for a person to check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from process.contract.instruments import Form

# Names in any spelling (case, spaces, underscores do not count), in the languages that exports of this field were seen in.
NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "courses": {
        "course_id": ("course", "case", "episode", "treatment", "therapy", "record", "fall", "behandlung"),
        "patient_id": ("patient", "client", "participant", "subject", "pat", "klient", "cliente"),
        "therapist_id": ("therapist", "clinician", "provider", "counsellor", "counselor", "practitioner", "therapeut", "behandler"),
        "team": ("team", "site", "agency", "ward", "department", "service", "standort"),
        "modality": ("modality", "treatmenttype", "therapytype", "orientation", "verfahren"),
        "problem": ("problem", "presentingproblem", "mainproblem", "diagnosiscode", "diagnosis"),
        "age_band": ("ageband", "agegroup", "altersgruppe"),
        "start_week": ("start", "begin", "admission", "coursestart", "therapystart"),
        "planned_sessions": ("plannedsessions", "sessionsplanned", "agreedsessions"),
        "ending": ("ending", "endreason", "closurereason", "dischargereason", "reasonended", "endingreason"),
        "last_contact_week": ("lastcontact", "lastseen", "lastappointment"),
        "match_decision": ("matchdecision",),
    },
    "sessions": {
        "session_number": ("session", "sessionnumber", "visit", "appointment", "sitzung"),
        "week": ("sessiondate", "date", "appointmentdate", "visitdate", "dateofsession", "datum", "sessionday"),
        "attendance": ("attendance", "attended", "status", "clientattend", "appointmentstatus", "attend", "dna"),
        "rupture_reviewed": ("rupturereviewed", "reviewed"),
    },
    "goals": {
        "goal_id": ("goal",),
        "scale": ("scale", "goalscale"),
        "set_by": ("setby", "goalsetby"),
        "area": ("area", "goalarea"),
        "weight": ("weight", "importance"),
        "agreed_session": ("agreed", "agreedsession"),
        "closed_session": ("closed", "closedsession"),
        "fate": ("fate", "goalstatus"),
        "replaced_by": ("replacedby",),
    },
    "goal_reviews": {"goal_id": ("goal",), "session_number": ("session",), "by": ("by", "reviewedby"), "outcome": ("outcome", "decision")},
    "goal_ratings": {"goal_id": ("goal",), "session_number": ("session",), "rater": ("by", "rater", "ratedby"), "level": ("level", "rating")},
    "ruptures": {
        "rupture_id": ("rupture",),
        "session_number": ("session",),
        "kind": ("kind", "type"),
        "moved_by": ("movedby",),
        "noticed_by": ("noticedby",),
        "source": ("source",),
        "intensity": ("intensity", "severity"),
        "theme": ("theme",),
    },
    "rupture_steps": {"rupture_id": ("rupture",), "session_number": ("session",), "step": ("step", "what"), "by": ("by",)},
}
_ENDINGS_OF_IDS = ("id", "code", "number", "no", "nr", "tag", "key")
_ENDINGS_OF_TOTALS = ("total", "score", "sum", "tot", "gesamt")


def squashed(name: str) -> str:
    """The name in small letters without anything but letters and digits."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def columns_of(table: str, header: Iterable[str], prefixed: bool = False) -> dict[str, str]:
    """For each column of the contract's table the first of the header's names that probably is it. `prefixed`: names may begin with a word of their form."""
    header, found = list(header), {}
    for column, words in NAMES[table].items():
        for name in header:
            if name not in found.values() and any(_is(spelling, column, words) for spelling in _spellings(name, prefixed)):
                found[column] = name
                break
    return found


def _spellings(name: str, prefixed: bool) -> list[str]:
    parts = re.split(r"[^A-Za-z0-9]+", name)
    return [squashed(name)] + ([squashed("".join(parts[1:]))] if prefixed and len(parts) > 1 else [])


def _is(name: str, column: str, words: tuple[str, ...]) -> bool:
    if name in words or name == squashed(column):
        return True
    ids = column.endswith("_id") or column == "session_number"
    if ids and any(name == word + ending for word in words for ending in _ENDINGS_OF_IDS):
        return True
    if ids and name in _ENDINGS_OF_IDS[1:4] and column in ("goal_id", "rupture_id", "session_number"):
        return True
    return column.endswith("_week") and name in {word + "date" for word in words}


def form_of(name: str, forms: Sequence[Form]) -> list[Form]:
    """The instruments' forms of which a column of that name probably holds the total; several where the name does not say which form."""
    plain = squashed(name)
    for ending in _ENDINGS_OF_TOTALS:
        plain = plain.removesuffix(ending)
    named = [form for form in forms if plain in (squashed(form.instrument), squashed(form.label), squashed(form.instrument + form.form))]
    return [form for form in named if form.construct != "goal"]
