"""The expected course: where past courses that began alike stood session by session, and which open courses are off it two sessions running."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures import benchmark_rules
from process.measures.cube import Cube, grid
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Result, headlines, statement, unit, whole
from process.measures.parameters import Query, sql

PARAMETER = "expected_bands"
INSIDE = 80.0  # percent of past courses that the band holds
LEAST_COURSES, LEAST_THERAPISTS = 30, 5
RUNNING = 2
STATUSES = ("as_expected", "further", "behind")
EDGES = ("lower", "median", "upper")
_ROUNDING = 1e-9
_OPEN = """
select outcome_courses.course_id, outcome_courses.label, outcome_courses.severity, instruments.direction, outcome_scores.attended_rank, outcome_scores.value
from outcome_courses
inner join course_facts on course_facts.course_id = outcome_courses.course_id
inner join instruments using (instrument, form, rater)
inner join outcome_scores on outcome_scores.course_id = outcome_courses.course_id and outcome_scores.instrument = outcome_courses.instrument
    and outcome_scores.form = outcome_courses.form and outcome_scores.rater = outcome_courses.rater
where course_facts.ending = 'still_going' and outcome_scores.attended_rank > outcome_courses.first_rank
order by course_id, label, attended_rank
"""


def bands(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """The clinic-wide bands: a row an edge, `part` = form's label, band of severity, session and edge, with `|` between; values in points of the form."""
    half = (1.0 - INSIDE / 100.0) / 2.0
    found = query(sql(PARAMETER), low=half, high=1.0 - half, courses=LEAST_COURSES, therapists=LEAST_THERAPISTS)
    # Bands obey the rules of a benchmark: whoever reads one must not read a single patient's score.
    found[list(EDGES)] = (found[list(EDGES)].astype(float) / benchmark_rules.MEAN_STEP).round() * benchmark_rules.MEAN_STEP
    long = found.melt(["label", "severity", "session", "courses", "therapists"], list(EDGES), "edge", "value")
    place = [f"{row.label}|{int(row.severity)}|{int(row.session)}|{row.edge}" for row in long.itertuples()]
    return long.assign(part=pd.Series(place, index=long.index, dtype="str"))[["part", "value", "courses", "therapists"]]


def unpacked(parameters: pd.DataFrame) -> pd.DataFrame:
    """The stored bands as a table: label, severity, session, lower, median, upper (points of the form), courses, therapists."""
    rows = parameters[parameters["parameter"] == PARAMETER]
    keys = rows["part"].str.rsplit("|", n=3, expand=True).reindex(columns=range(4))
    long = pd.DataFrame(
        {
            "label": keys[0].astype("str"),
            "severity": pd.to_numeric(keys[1]).astype("int64"),
            "session": pd.to_numeric(keys[2]).astype("int64"),
            "edge": keys[3].astype("str"),
            **{name: rows[name] for name in ("value", "courses", "therapists")},
        }
    )
    wide = long.pivot(index=["label", "severity", "session", "courses", "therapists"], columns="edge", values="value")
    return wide.reindex(columns=list(EDGES)).astype("float64").reset_index().rename_axis(columns=None)


def places(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """Derived table `expected_places`: a row an open course and form: `status` at its last two scores that have a band, null where it cannot be told yet."""
    scores = query(_OPEN)
    with_bands = scores.merge(unpacked(parameters), left_on=["label", "severity", "attended_rank"], right_on=["label", "severity", "session"], how="left")
    # A percentile between two equal scores can miss them by the last bit; a score on the edge is inside.
    above, below = with_bands["value"] > with_bands["upper"] + _ROUNDING, with_bands["value"] < with_bands["lower"] - _ROUNDING
    over = above.astype(int) - below.astype(int)
    with_bands["side"] = np.where(with_bands["direction"] == "lower_is_better", -over, over)
    told = with_bands[with_bands["upper"].notna()].groupby(["course_id", "label"], sort=False)["side"]
    last = told.tail(RUNNING).groupby([with_bands["course_id"], with_bands["label"]], sort=False).agg(["size", "min", "max"])
    kinds = [last["size"] < RUNNING, last["min"] == 1, last["max"] == -1]
    status = pd.Series(np.select(kinds, ["", "further", "behind"], "as_expected"), index=last.index, dtype="object")
    everyone = scores[["course_id", "label"]].drop_duplicates()
    found = everyone.merge(status.where(status != "", None).rename("status").reset_index(), on=["course_id", "label"], how="left")
    return found.rename(columns={"label": "form"})[["course_id", "form", "status"]].astype({"form": "str", "status": "object"})


class ExpectedCourse(Measure):
    """Open courses by where their last two scores lie: inside the band of like courses, on its healthier side, or on the other."""

    name = "expected_course"

    def prepare(self, query: Query, **params: object) -> Cube:
        """Open courses by sessions to date, form, status and cluster; those that cannot be told yet apart."""
        cells = self.ask(query, params)
        open_courses = grid(self.ask(query, params, statement("open_courses")), ["courses", "told"])
        forms = sorted(cells["form"].unique())
        return Cube({"places": grid(cells, ["courses"], "form", forms, "status", STATUSES), "open": open_courses}, unit=unit(params))

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """One row a form and status, forms with most courses first; headline `off:<form>` with the share off their expected course, either way."""
        here = cube.grids["places"]
        cells = here.between(length)["courses"]
        total = cells.sum(axis=(1, 2))
        rows, said = [], {}
        for place in [place for place in np.argsort(-total, kind="stable") if total[place] > 0]:
            form, everyone = here.axis[place], cells[place].sum(axis=0)
            off = cells[place][[STATUSES.index("further"), STATUSES.index("behind")]].sum(axis=0)
            parts = np.vstack([cells[place], off])
            shares = clustered_shares(np.broadcast_to(everyone, parts.shape), parts, unit=cube.unit)
            for at, status in enumerate((*STATUSES, "off")):
                row = {
                    "share": 100.0 * shares.mean[at],
                    "lower": 100.0 * shares.lower[at],
                    "upper": 100.0 * shares.upper[at],
                    "courses": whole(parts[at].sum()),
                    "of_courses": whole(everyone.sum()),
                    "therapists": int(here.therapists(parts[at])),
                    "why": shares.why[at],
                }
                if status == "off":
                    said[f"off:{form}"] = row | {"df": shares.df[at]}
                else:
                    rows.append(row | {"form": form, "status": status})
        columns = {name: [row[name] for row in rows] for name in self.definition.columns}
        text = ("form", "status", "why")
        table = self.table({name: np.array(column, dtype=object if name in text else float) for name, column in columns.items()})
        nobody = {"off": {"share": np.nan, "lower": np.nan, "upper": np.nan, "courses": 0, "of_courses": 0, "therapists": 0, "why": "nothing recorded"}}
        counts = {name: whole(array.sum()) for name, array in cube.grids["open"].between(length).items()}
        return Result(table, headlines(said or nobody), {"open_courses": counts["courses"], "cannot_be_told": counts["courses"] - counts["told"]})
