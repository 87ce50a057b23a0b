"""The part of a draft for FHIR that is about goals: what R4's Goal and HL7's guides define, a guess where an extension's address tells, a mark else.

Levels of goal attainment scaling are Observations about a Goal, with LOINC's codes 107334-5 (patient) and 107333-7 (practitioner), of HL7's guide to
person-centered outcomes (hl7.org/fhir/us/pco). The level is an integer or one of LOINC's five answers, which that guide names in its terminology
(`GASScoreAnswers`): LA34479-8 much better than expected, LA34480-6 better, LA34481-4 as expected, LA34483-0 less, LA34484-8 much less.
"""

from __future__ import annotations

from process.intake.mappings.guesses import squashed

Shape = frozenset[tuple[str, str]]
ANSWERS = {"LA34479-8": "2", "LA34480-6": "1", "LA34481-4": "0", "LA34483-0": "-1", "LA34484-8": "-2"}
_RELATION = "extension.where(url='http://hl7.org/fhir/StructureDefinition/goal-relationship')"
_COURSE = ("course", "episode", "episodeofcare", "goalcourse", "goalepisodeofcare")
_SCALE = ("scale", "goalscale")
_SET_BY = ("setby", "goalsetby")
_WEIGHT = ("weight", "goalweight", "importance")

_OPEN = """
# A goal's dates become the session that was held on that day, or the last one before it.
[[goals]]
resource = "Goal"
where = { lifecycle = ["proposed", "planned", "accepted", "active", "on-hold"] }
"""
_CLOSED = """
[[goals]]
resource = "Goal"
where = { lifecycle = ["completed", "cancelled", "rejected"] }
"""
_FATE = (
    'closed_session = { from = "since", as = "session", format = "iso" }\n'
    'replaced_by = { from = "replaced_by" }\n'
    "[goals.fate]\n"
    'from = "relation"\n'
    'words = { replacement = "replaced" }\n'
    'otherwise = { from = "lifecycle", words = { completed = "reached", cancelled = "dropped", rejected = "dropped" } }\n'
)
_LEVELS = f"""
# Ratings of goals: LOINC's follow-up scores of goal attainment scaling. Other Observations are left out and counted.
[[goal_ratings]]
resource = "Observation"
where = {{ code = ["107334-5", "107333-7"] }}
session = "encounter"
goal_id = {{ from = "focus" }}
rater = {{ from = "code", words = {{ "107334-5" = "patient", "107333-7" = "therapist" }} }}
[goal_ratings.level]
from = "level"
otherwise = {{ from = "answer", words = {{ {", ".join(f'{code} = "{level}"' for code, level in ANSWERS.items())} }} }}
"""


def goal_resources(shapes: dict[str, Shape]) -> dict[str, tuple[str, ...]]:
    """For Goal, and for Observation where there are goals, the lines of their [resources…]; nothing for a type that the export does not have."""
    if "Goal" not in shapes:
        return {}
    shape = shapes["Goal"]
    area = _only(shape, "category.coding.system")
    found = {
        "Goal": (
            'id = "id"',
            'lifecycle = "lifecycleStatus"',
            'agreed = "startDate"',
            'since = "statusDate"',
            f"course = \"extension.where(url='{_named(shape, _COURSE) or 'decide: the extension that refers to the course'}').valueReference.reference\"",
            f"area = \"category.coding.where(system='{area or 'decide: the code system of areas of life'}').code\"",
            *([f"scale = \"target.measure.coding.where(system='{_scale(shape)}').code\""] if _scale(shape) else []),
            *([f"set_by = \"extension.where(url='{_named(shape, _SET_BY)}').value\""] if _named(shape, _SET_BY) else []),
            *([f"weight = \"extension.where(url='{_named(shape, _WEIGHT)}').value\""] if _named(shape, _WEIGHT) else []),
            f"relation = \"{_RELATION}.extension.where(url='type').valueCodeableConcept.coding.code\"",
            f"replaced_by = \"{_RELATION}.extension.where(url='target').valueReference.reference\"",
        )
    }
    if "Observation" in shapes:
        lines = ('status = "status"', 'code = "code.coding.code"', 'encounter = "encounter.reference"', 'focus = "focus.reference"')
        found["Observation"] = (*lines, 'level = "valueInteger"', 'answer = "valueCodeableConcept.coding.code"')
    return found


def goal_sections(shapes: dict[str, Shape]) -> str:
    """The sections that fill goals and their ratings; "" where the export has no goals."""
    if "Goal" not in shapes:
        return ""
    shape = shapes["Goal"]
    set_by = '{ from = "set_by" }' if _named(shape, _SET_BY) else '{ always = "decide: who sets goals: patient, therapist or both" }'
    weight = 'weight = { from = "weight" }\n' if _named(shape, _WEIGHT) else ""
    same = (
        'goal_id = { from = "id" }\ncourse_id = { from = "course" }\nscale = ' + ('{ from = "scale" }' if _scale(shape) else '{ always = "gas" }') + "\n"
        f'set_by = {set_by}\narea = {{ from = "area" }}\n{weight}agreed_session = {{ from = "agreed", as = "session", format = "iso" }}\n'
    )
    levels = _LEVELS if "Observation" in shapes else ""
    return f'{_OPEN}{same}fate = {{ always = "open" }}\n{_CLOSED}{same}{_FATE}{levels}'


def _named(shape: Shape, words: tuple[str, ...]) -> str:
    """The address of the extension that says by its last word what it is; "" where there is none, or more than one."""
    found = {address for path, address in shape if path == "extension.url" and squashed(address.replace(":", "/").rsplit("/", 1)[-1]) in words}
    return found.pop() if len(found) == 1 else ""


def _scale(shape: Shape) -> str:
    """The code system of goals' measures where its address says that it holds the scale; without one, levels are those of goal attainment scaling."""
    address = _only(shape, "target.measure.coding.system")
    return address if squashed(address.replace(":", "/").rsplit("/", 1)[-1]) in _SCALE else ""


def _only(shape: Shape, path: str) -> str:
    found = {address for here, address in shape if here == path and address}
    return found.pop() if len(found) == 1 else ""
