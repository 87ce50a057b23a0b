"""Sections for goals and ruptures that stand side by side in the row of a session: goal1_area, goal2_area … become one section with `repeat`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from process.intake.mappings.guesses import columns_of, squashed

_NUMBERED = re.compile(r"([A-Za-z_]*[A-Za-z])_?([1-9][0-9]?)_?([A-Za-z_]+)")
_LEVELS = ("level", "rating")
_IMPLIED = ("course_id", "session_number")
RATERS = ("patient", "therapist", "both")
Takes = Callable[[str, dict[str, str], Sequence[str]], list[str]]


@dataclass(frozen=True)
class Group:
    """Columns that stand together: by name without its number, the name with {n} in its place; `many` is how often, 0 for once and without numbers."""

    columns: dict[str, str]
    many: int

    def guessed(self, table: str) -> dict[str, str]:
        """Which of them probably are what columns of that table."""
        found = columns_of(table, self.columns, prefixed=True)
        return {column: self.columns[name] for column, name in found.items() if column not in _IMPLIED}

    @property
    def goal(self) -> str:
        """The column with the goal's code, "" where there is none."""
        return next((self.columns[name] for name in self.columns if columns_of("goals", [name]).get("goal_id")), "")


def side_by_side(columns: Sequence[str], takes: Takes) -> tuple[list[str], set[str]]:
    """Lines of a draft for the goals, ratings, reviews, ruptures and steps that these columns probably hold, and the columns they use.

    `takes` writes a section's lines from (table, guessed columns, columns to leave out).
    """
    lines, used = [], set()
    for group in [*_numbered(columns), Group({name: name for name in columns if squashed(name).startswith("rupture")}, 0)]:
        for table, filled, guessed in [*_goals(group), *_ruptures(group)]:
            lines += _section(table, filled, group.many, takes(table, guessed, _IMPLIED))
            used |= set(guessed.values())
        for rater, level in _levels(group):
            own = {"goal_id": {"from": group.goal}, "rater": {"always": rater}, "level": {"from": level}}
            own_lines = [f"{name} = {{ {key} = {json.dumps(value)} }}" for name, said in own.items() for key, value in said.items()]
            lines += _section("goal_ratings", level, group.many, own_lines)
            used.add(level)
    return lines, {name for name in columns if name in used or _with_n(name) in used}


def _goals(group: Group) -> list[tuple[str, str, dict[str, str]]]:
    guessed = group.guessed("goals")
    if not group.goal or not {"scale", "area"} & set(guessed):
        return []
    found = [("goals", group.goal, guessed | {"goal_id": group.goal})]
    review = next((column for name, column in group.columns.items() if squashed(name).endswith("review")), "")
    if review:
        found.append(("goal_reviews", review, group.guessed("goal_reviews") | {"goal_id": group.goal, "outcome": review}))
    return found


def _levels(group: Group) -> list[tuple[str, str]]:
    levels = [name for name in group.columns if group.goal and any(word in squashed(name) for word in _LEVELS)]
    raters = {name: next((rater for rater in RATERS if rater in squashed(name)), "decide: who rates: patient, therapist or both") for name in levels}
    return [(raters[name], group.columns[name]) for name in levels]


def _ruptures(group: Group) -> list[tuple[str, str, dict[str, str]]]:
    if group.goal:
        return []
    ruptures, steps = group.guessed("ruptures"), group.guessed("rupture_steps")
    if "kind" in ruptures and len(ruptures) >= 3:
        return [("ruptures", ruptures["kind"], ruptures)]
    return [("rupture_steps", steps["step"], steps)] if "step" in steps and "rupture_id" in steps else []


def _section(table: str, filled: str, many: int, takes: list[str]) -> list[str]:
    return ["", f"[[{table}]]", *([f"repeat = {many}"] if many else []), f"filled = {json.dumps(filled)}", *takes]


def _numbered(columns: Sequence[str]) -> list[Group]:
    """For each word that stands with the numbers 1, 2 … before the same fields, those fields."""
    found: dict[str, dict[str, set[int]]] = {}
    for name in columns:
        parts = _NUMBERED.fullmatch(name)
        if parts:
            found.setdefault(parts[1], {}).setdefault(_with_n(name), set()).add(int(parts[2]))
    groups = []
    for word, fields in found.items():
        many = max(len(numbers) for numbers in fields.values())
        whole = [name for name, numbers in fields.items() if numbers == set(range(1, many + 1))]
        if many > 1:
            groups.append(Group({f"{word}_{name[len(word) :].replace('{n}', '').strip('_')}": name for name in whole}, many))
    return groups


def _with_n(name: str) -> str:
    parts = _NUMBERED.fullmatch(name)
    return parts[1] + name[len(parts[1]) :].replace(parts[2], "{n}", 1) if parts else name
