"""From the first outcome score to the last: recovered, improved, unchanged, deteriorated or harmed, each form for itself, and who was not measured twice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.change import CATEGORIES, classify, classify_by_threshold
from process.measures.cube import Cube, Floats, Grid, grid
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Result, headlines, statement, unit, whole
from process.measures.parameters import Query

ACROSS_CUT_OFF = ("recovered", "harmed")
LEAST_SCORES = 2
_SCORED = "select * from outcome_courses inner join instruments using (instrument, form, rater, label) order by course_id, label"
_COLUMNS = ("course_id", "form", "category", "began_clinical")


def categories(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """Derived table `outcome_changes`: a row a course and form with two scores or more: its category, and whether it began on the clinical side.

    A form's published threshold counts where the registry has one, else SD and reliability; a form with neither has no rows. `form` is the form's label.
    """
    scored = query(_SCORED)
    scored = scored[scored["scores"] >= LEAST_SCORES].rename(columns={"form": "code", "label": "form"}).reset_index(drop=True)
    scored["category"] = pd.Series(None, index=scored.index, dtype=object)
    for (direction, rule), rows in scored.groupby(["direction", "change_rule"]):
        lower = direction == "lower_is_better"
        first, last, edge = (rows[name].to_numpy(dtype=float) for name in ("first_score", "last_score", "cutoff"))
        if rule == "published":
            found = classify_by_threshold(first, last, rows["reliable_change"].to_numpy(dtype=float), edge, lower)
        elif rule == "jacobson_truax":
            found = classify(first, last, rows["clinical_sd"].to_numpy(dtype=float), rows["reliability"].to_numpy(dtype=float), edge, lower)
        else:
            continue
        scored.loc[rows.index, "category"] = found
    lower = scored["direction"] == "lower_is_better"
    clinical = np.where(lower, scored["first_score"] >= scored["cutoff"], scored["first_score"] <= scored["cutoff"])
    kept = scored.assign(began_clinical=clinical)[scored["category"].notna()]
    return kept[list(_COLUMNS)].astype({"form": "str", "category": "str", "began_clinical": "bool"})


class OutcomeChange(Measure):
    """Courses by what became of their outcome score, form by form; headlines: who is reliably better, who recovered, who is worse, who was measured."""

    name = "outcome_change"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Courses by length, form, category and cluster; courses with two scores, one and none; what each form's change is judged by."""
        forms = self.ask(query, params, statement("outcome_forms"))
        measured = grid(self.ask(query, params, statement("outcome_completeness")), ["courses", "both", "one"])
        changes = grid(self.ask(query, params), ["courses", "clinical"], "form", forms["form"].tolist(), "category", CATEGORIES)
        return Cube({"changes": changes, "measured": measured}, unit=unit(params), extra={"forms": forms.set_index("form").to_dict("index")})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a form and category (a form without cut-off has three), forms with most courses first; see `_headlines`; notes by form."""
        changes = cube.grids["changes"]
        cells = changes.between(length)
        total = cells["courses"].sum(axis=(1, 2)) if len(changes.clusters) else np.zeros(len(changes.axis))
        order = [place for place in np.argsort(-total, kind="stable") if total[place] > 0]
        rows = [row for place in order for row in self._rows(cube, cells, place)]
        columns = {name: [row[name] for row in rows] for name in self.definition.columns}
        text = ("form", "category", "why")
        table = self.table({name: np.array(column, dtype=object if name in text else float) for name, column in columns.items()})
        return Result(table, headlines(self._headlines(cube, cells, order, length)), self._notes(cube, cells, order, length))

    def _rows(self, cube: Cube, cells: dict[str, Floats], place: int) -> list[dict[str, object]]:
        changes = cube.grids["changes"]
        form = changes.axis[place]
        known = [at for at, name in enumerate(CATEGORIES) if np.isfinite(cube.extra["forms"][form]["cutoff"]) or name not in ACROSS_CUT_OFF]
        everyone = cells["courses"][place].sum(axis=0)
        part = cells["courses"][place][known]
        shares = clustered_shares(np.broadcast_to(everyone, part.shape), part, unit=cube.unit)
        return [
            {
                "form": form,
                "category": CATEGORIES[at],
                "share": 100.0 * shares.mean[row],
                "lower": 100.0 * shares.lower[row],
                "upper": 100.0 * shares.upper[row],
                "courses": part[row].sum(),
                "of_courses": everyone.sum(),
                "therapists": int(changes.therapists(part[row])),
                "why": shares.why[row],
            }
            for row, at in enumerate(known)
        ]

    def _headlines(self, cube: Cube, cells: dict[str, Floats], order: list[int], length: tuple[int, int]) -> dict[str, dict[str, object]]:
        """`measured`: courses with two scores on any form, of all in range. By form `better:<form>`, `worse:<form>`: reliably, of those with two scores;
        `recovered:<form>`: of those who began on the clinical side, because nobody else can."""
        measured = cube.grids["measured"]
        counts = {name: array[0, 0] for name, array in measured.between(length).items()}
        rows = {"measured": _share(measured, counts["both"], counts["courses"], cube.unit)}
        changes = cube.grids["changes"]
        at = {name: place for place, name in enumerate(CATEGORIES)}
        for place in order:
            form, courses = changes.axis[place], cells["courses"][place]
            everyone, clinical = courses.sum(axis=0), cells["clinical"][place].sum(axis=0)
            rows[f"better:{form}"] = _share(changes, courses[at["recovered"]] + courses[at["improved"]], everyone, cube.unit)
            rows[f"worse:{form}"] = _share(changes, courses[at["deteriorated"]] + courses[at["harmed"]], everyone, cube.unit)
            if np.isfinite(cube.extra["forms"][form]["cutoff"]):
                rows[f"recovered:{form}"] = _share(changes, courses[at["recovered"]], clinical, cube.unit)
        return rows

    def _notes(self, cube: Cube, cells: dict[str, Floats], order: list[int], length: tuple[int, int]) -> dict[str, float | int | str]:
        counts = {name: whole(array.sum()) for name, array in cube.grids["measured"].between(length).items()}
        notes: dict[str, float | int | str] = {"one_score": counts["one"], "no_score": counts["courses"] - counts["both"] - counts["one"]}
        for place in order:
            form = cube.grids["changes"].axis[place]
            about = cube.extra["forms"][form]
            notes[f"began_healthy:{form}"] = whole(cells["courses"][place].sum() - cells["clinical"][place].sum()) if np.isfinite(about["cutoff"]) else 0
            notes[f"points:{form}"] = float(about["reliable_change"])
            notes[f"cutoff:{form}"] = float(about["cutoff"])
            notes[f"rule:{form}"], notes[f"source:{form}"] = str(about["change_rule"]), str(about["change_source"])
        return notes


def _share(of: Grid, part: Floats, everyone: Floats, called: str) -> dict[str, object]:
    """A headline: the share of `part` in `everyone` (courses by cluster), in percent."""
    share = clustered_shares(everyone[None, :], part[None, :], unit=called)
    return {
        "estimate": 100.0 * share.mean[0],
        "lower": 100.0 * share.lower[0],
        "upper": 100.0 * share.upper[0],
        "df": share.df[0],
        "courses": whole(part.sum()),
        "of_courses": whole(everyone.sum()),
        "therapists": int(of.therapists(part)),
        "why": share.why[0],
    }
