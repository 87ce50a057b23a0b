"""The tables of goals, their reviews and their ratings, from what was agreed and what became of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.demo.goals import FATES, OPEN, OUTCOMES, SETTERS, Agreed, CourseGoals, Lived
from process.demo.records import Book, coded, codes, whole


def goal_tables(
    book: Book,
    kept: CourseGoals,
    first: tuple[Agreed, Lived],
    second: tuple[Agreed, Lived],
    replaced: np.ndarray,
) -> dict[str, pd.DataFrame]:
    """The three tables of goals: those agreed at first and, after them, those that took the place of `replaced` ones."""
    shift = len(first[0].course)
    course, rank, set_by, area, weight = (
        np.concatenate([getattr(first[0], name), getattr(second[0], name)]) for name in ("course", "rank", "set_by", "area", "weight")
    )
    fate, closed = (np.concatenate([getattr(first[1], name), getattr(second[1], name)]) for name in ("fate", "closed"))
    successor = np.full(len(course), -1)
    successor[replaced] = shift + np.arange(len(replaced))
    names = pd.array(codes("G", len(course), 7), dtype="str")
    is_open = fate == OPEN
    frame = pd.DataFrame(
        {
            "goal_id": names,
            "course_id": book.course_id(course),
            "scale": coded(kept.scale[course], ("gas", "gbo")),
            "set_by": coded(set_by, SETTERS),
            "area": coded(area, list(book.settings.numbers["goals"]["areas"])),
            "weight": np.where(weight > 0, weight, np.nan),
            "agreed_session": book.number(course, rank),
            "closed_session": whole(book.number(course, np.where(is_open, 1, closed)), is_open),
            "fate": coded(fate, FATES),
            "replaced_by": pd.Series(names.take(successor, allow_fill=True)),
        }
    )
    tables = {"goals": frame}
    for name, part, said, values in (("goal_reviews", "reviewed", "by", "outcome"), ("goal_ratings", "rated", "rater", "level")):
        goal, at, who, what = (np.concatenate([one, two]) for one, two in zip(getattr(first[1], part), getattr(second[1], part), strict=True))
        goal[len(getattr(first[1], part)[0]) :] += shift
        tables[name] = pd.DataFrame(
            {
                "goal_id": pd.Series(names.take(goal)),
                "session_number": book.number(course[goal], at),
                said: coded(who, SETTERS),
                values: coded(what, OUTCOMES) if values == "outcome" else what,
            }
        )
    return tables
