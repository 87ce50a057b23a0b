"""A first mapping file for FHIR resources: the elements that R4 itself defines for courses, appointments, scores and goals, a mark for what it does not."""

from __future__ import annotations

import json
from collections.abc import Sequence

from process.contract.instruments import Form
from process.intake.mappings.draft_fhir_goals import goal_resources, goal_sections
from process.intake.mappings.guesses import form_of, squashed
from process.intake.sources import fhir_path

Shape = frozenset[tuple[str, str]]
DECIDE = "decide: "
READ = ("EpisodeOfCare", "Encounter", "QuestionnaireResponse")

_FRONT = """
[mapping]
title = "Draft"
version = 1

[source]
kind = "fhir"

[manifest]
clinic = "decide: the name that pages show"
source = "decide: the system that the export comes from"
origin = "real"
as_of = { latest = "Encounter.start" }
"""

_RESOURCES = {
    "EpisodeOfCare": ('id = "id"', 'status = "status"', 'patient = "patient.reference"', 'therapist = "careManager.reference"', 'start = "period.start"'),
    "Encounter": ('id = "id"', 'status = "status"', 'course = "episodeOfCare.reference"', 'start = "period.start"'),
    "QuestionnaireResponse": ('questionnaire = "questionnaire"', 'encounter = "encounter.reference"',
                              "total = \"item.where(linkId='decide: the linkId of the total score').answer.value\""),
}  # fmt: skip

_SECTIONS = """
[courses]
resource = "EpisodeOfCare"
course_id = { from = "id" }
patient_id = { from = "patient" }
therapist_id = { from = "therapist" }
start_week = { from = "start", as = "week", format = "iso" }

# R4 does not say how a course ended; map the extension that does, if there is one.
[courses.ending]
from = "status"
words = { planned = "still_going", waitlist = "still_going", active = "still_going", onhold = "still_going", finished = "unknown", cancelled = "unknown" }

# R4 has no number for an appointment: they are numbered by date. If an identifier holds the clinic's number, take that.
[sessions]
resource = "Encounter"
key = "id"
course_id = { from = "course" }
session_number = { from = "start", as = "order", format = "iso" }
week = { from = "start", as = "week", format = "iso" }
day = { from = "start", as = "day", format = "iso", start = "first_attended" }
attendance = { from = "status", words = { finished = "attended", in-progress = "attended", arrived = "attended", cancelled = "cancelled" } }
"""

_ERRORS = """
[[ignored_rows]]
resource = "EpisodeOfCare"
where = { status = "entered-in-error" }
reason = "entered in error"

[[ignored_rows]]
resource = "Encounter"
where = { status = ["entered-in-error", "planned"] }
reason = "entered in error, or still to come"
"""

_ERROR = """[[ignored_rows]]
resource = "{kind}"
where = {{ {column} = "entered-in-error" }}
reason = "entered in error"
"""


def fhir_draft(shapes: dict[str, Shape], forms: Sequence[Form]) -> str:
    """The text of a mapping file for resources of these shapes; types that R4's elements alone do not map stand under [ignored], to be decided."""
    lines = [_FRONT]
    for kind, columns in _RESOURCES.items():
        if kind in shapes or kind != "QuestionnaireResponse":
            lines += [f"[resources.{kind}]", *columns, *_more(shapes.get(kind, frozenset())), ""]
    goals = goal_resources(shapes)
    for kind, columns in goals.items():
        lines += [f"[resources.{kind}]", *columns, *_more(shapes[kind]), ""]
    lines.append(_SECTIONS)
    for address in sorted({address for path, address in shapes.get("QuestionnaireResponse", ()) if path == "questionnaire" and address}):
        lines += _score(address, forms)
    lines += [goal_sections(shapes), _ERRORS]
    for kind, column in (("Goal", "lifecycle"), ("Observation", "status")):
        lines += [_ERROR.format(kind=kind, column=column)] if kind in goals else []
    lines.append("[ignored]")
    for kind in sorted(set(shapes) - set(READ) - set(goals)):
        people = kind in fhir_path.PEOPLE
        about = "it is about people; leave the type out of the export" if people else "map it as docs/intake.md shows, or say why it is not used"
        lines.append(f"{kind} = {json.dumps(DECIDE + about)}")
    return "\n".join(lines) + "\n"


def _more(shape: Shape) -> list[str]:
    """The extensions and identifiers that the resources have, for a person to choose from."""
    found = []
    for path, address in sorted((path, address) for path, address in shape if address):
        if path == "extension.url":
            found.append(f"# extension.where(url='{address}').value")
        elif path == "identifier.system":
            found.append(f"# identifier.where(system='{address}').value")
        elif path.endswith("coding.system"):
            found.append(f"# {path.removesuffix('.system')}.where(system='{address}').code")
    return ["# There are also these; name those that you need, for instance  ending = \"extension.where(url='…').value\"", *found] if found else []


def _score(address: str, forms: Sequence[Form]) -> list[str]:
    last = address.replace(":", "/").rsplit("/", 1)[-1]
    near = form_of(last, forms) or [form for form in forms if squashed(last).startswith(squashed(form.instrument)) and form.construct != "goal"]
    near = [form for form in near if len(squashed(form.instrument)) == max(len(squashed(entry.instrument)) for entry in near)]
    instrument = near[0].instrument if near else f"{DECIDE}the instrument's id in the registry"
    form = near[0].form if len(near) == 1 else DECIDE + (" or ".join(entry.form for entry in near) or "the form")
    rater = near[0].rater if near else f"{DECIDE}who rates: patient, therapist or observer"
    said = {"column": "total", "instrument": instrument, "form": form, "rater": rater, "session": "encounter"}
    where = f"where = {{ questionnaire = {json.dumps(address)} }}"
    return ["", "[[scores]]", 'resource = "QuestionnaireResponse"', where, *(f"{key} = {json.dumps(value)}" for key, value in said.items())]
