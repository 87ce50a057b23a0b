"""The few words of FHIRPath that a mapping file may use: `a.b.c`, `a.where(b.c='text').d`, and `value` for whichever value[x] an element has.

Source: FHIRPath Normative Release, sections 3.4 (paths) and 5.2.1 (where). What may hold a name or free text cannot be named at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from process.errors import SettingWrong

_STEP = re.compile(r"([A-Za-z][A-Za-z0-9]*)(?:\.where\(([A-Za-z][A-Za-z0-9.]*)='([^']*)'\))?(?:\.|$)")
PEOPLE = ("Patient", "Person", "RelatedPerson", "Practitioner")
FREE = (
    *("name", "text", "div", "display", "note", "description", "contained", "telecom", "address", "birthDate", "photo", "contact", "comment", "title"),
    *("valueString", "valueMarkdown", "valueAttachment", "valueHumanName", "valueAddress", "valueContactPoint", "valueAnnotation"),
)


@dataclass(frozen=True)
class Step:
    """One element of a path; `where` and `equals` choose among its repetitions."""

    name: str
    where: tuple[str, ...] = ()
    equals: str = ""


Path = tuple[Step, ...]


@cache
def parsed(resource: str, text: str, place: str) -> Path:
    """The path's steps; `SettingWrong` where it is none, or leads to a person or to free text."""
    if resource in PEOPLE:
        raise SettingWrong(f"{place}: resource {resource} is about a person and is never read. Take codes from references to it, such as `subject.reference`.")
    steps, at = [], 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise SettingWrong(f"{place}: this is not a path; a path reads `a.b`, `a.where(b='text').c`.")
        steps.append(Step(found[1], tuple(found[2].split(".")) if found[2] else (), found[3] or ""))
        at = found.end()
    if not steps or text.endswith("."):
        raise SettingWrong(f"{place}: the path is not complete.")
    for step in steps:
        if step.name in FREE:
            raise SettingWrong(f"{place}: `{step.name}` may hold a name or free text and is never read. Take a code, a date, a number or a reference.")
    return tuple(steps)


def values(element: Any, path: Path) -> list[Any]:
    """Everything the path leads to in a resource, in its order; what is not there is an empty list."""
    found = [element]
    for step in path:
        found = [item for holder in found for item in _inside(holder, step.name)]
        if step.where:
            found = [item for item in found if step.equals in [_text(value) for value in values(item, _plain(step.where))]]
    return found


@cache
def _plain(names: tuple[str, ...]) -> Path:
    return tuple(Step(name) for name in names)


def _inside(holder: Any, name: str) -> list[Any]:
    if not isinstance(holder, dict):
        return []
    if name == "value" and name not in holder:
        some = [value for key, value in holder.items() if key.startswith("value") and key not in FREE]
        return some if len(some) == 1 else []
    value = holder.get(name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
