"""Sudden gains and losses in outcome scores: in how many courses, after which session, how large, and how many were lost again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.cube import Cube
from process.measures.gains import Shifts, shifts
from process.measures.intervals import clustered_shares
from process.measures.measure import Measure, Result, headlines, unit
from process.measures.parameters import Query

KINDS = ("gain", "gain_reversed", "loss")
_SCORES = """
select outcome_scores.course_id, instruments.label, outcome_scores.attended_rank, outcome_scores.value,
    instruments.minimum, instruments.maximum, instruments.direction, instruments.reliable_change
from outcome_scores inner join instruments using (instrument, form, rater)
where outcome_scores.attended_rank >= 1 and instruments.reliable_change is not null
order by course_id, label, attended_rank
"""


def sudden_shifts(query: Query, parameters: pd.DataFrame) -> pd.DataFrame:
    """Derived table `sudden_shifts`: a row a course and form in which a shift could have been found; its first gain and its first loss, missing where none.

    `gain_session` is the session before the gain, counted on the attended axis without the intake assessment; sizes are in points of the form, `form` is
    its label.
    """
    scores = query(_SCORES)
    series = scores.groupby(["course_id", "label"], sort=False)
    whose = series.ngroup().to_numpy(dtype=np.int64)
    about = series.agg(last=("attended_rank", "max"), threshold=("reliable_change", "first")).reset_index()
    lengths = about["last"].to_numpy(dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    distress = np.full(int(lengths.sum()), np.nan)
    turned = np.where(scores["direction"] == "lower_is_better", scores["value"] - scores["minimum"], scores["maximum"] - scores["value"])
    distress[starts[whose] + scores["attended_rank"].to_numpy(dtype=np.int64) - 1] = turned
    course = np.repeat(np.arange(len(about)), lengths)
    threshold = about["threshold"].to_numpy(dtype=float)[course]
    gains, losses = shifts(distress, course, threshold), shifts(distress, course, threshold, losses=True)
    judged = np.zeros(len(about), dtype=bool)
    judged[course[: len(gains.judged)][gains.judged]] = True
    found = about.rename(columns={"label": "form"})[["course_id", "form"]].astype({"form": "str"})
    for name, kind in (("gain", gains), ("loss", losses)):
        found = found.assign(**{f"{name}_{part}": values for part, values in _first(kind, course, starts, len(about)).items()})
    return found[judged].reset_index(drop=True)


def _first(kind: Shifts, course: np.ndarray, starts: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """The first shift of each series: session, size and whether it was lost again (1 or 0); NaN where there is none."""
    owner, first = np.unique(course[kind.at], return_index=True)
    out = {name: np.full(count, np.nan) for name in ("session", "size", "reversed")}
    out["session"][owner] = kind.at[first] - starts[owner] + 1
    out["size"][owner] = kind.magnitude[first]
    out["reversed"][owner] = kind.reversed[first]
    return out


class SuddenGains(Measure):
    """Share of courses with a sudden gain, with a gain that was lost again, and with a sudden loss, form by form."""

    name = "sudden_gains"
    additive = False

    def prepare(self, query: Query, **params: object) -> Cube:
        """The courses that can be judged, sorted by length, with their first gain and first loss."""
        rows = self.ask(query, params)
        forms, clusters = sorted(rows["form"].unique()), sorted(rows["cluster_id"].unique())
        arrays = {
            "length": rows["length"].to_numpy(dtype=np.int64),
            "form": pd.Index(forms).get_indexer(rows["form"]),
            "cluster": pd.Index(clusters).get_indexer(rows["cluster_id"]),
            "therapist": pd.factorize(rows["therapist_id"], sort=True)[0],
            **{name: rows[name].to_numpy(dtype=float) for name in ("gain_session", "gain_size", "gain_reversed", "loss_session", "loss_size")},
        }
        return Cube(rows=arrays, unit=unit(params), extra={"forms": tuple(forms), "clusters": len(clusters)})

    def answer(self, cube: Cube, length: tuple[int, int]) -> Result:
        """Rows `gain` and `loss` (of the courses judged) and `gain_reversed` (of those with a gain) a form, the form with most courses first.

        Headlines by form: `gain:<form>` with the share, `session:<form>` and `size:<form>` with medians of the first gains in `mean`.
        """
        first, last = np.searchsorted(cube.rows["length"], (length[0], length[1] + 1))
        inside = {name: values[first:last] for name, values in cube.rows.items()}
        counts = np.bincount(inside["form"], minlength=len(cube.extra["forms"]))
        order = [place for place in np.argsort(-counts, kind="stable") if counts[place]]
        rows, said = [], {}
        for place in order:
            own = {name: values[inside["form"] == place] for name, values in inside.items()}
            form = cube.extra["forms"][place]
            gained = ~np.isnan(own["gain_session"])
            parts = (
                ("gain", gained, np.ones(len(gained), dtype=bool)),
                ("gain_reversed", gained & (own["gain_reversed"] == 1), gained),
                ("loss", ~np.isnan(own["loss_session"]), np.ones(len(gained), dtype=bool)),
            )
            of_form = [{"form": form, "kind": kind, **_share(own, part, everyone, cube)} for kind, part, everyone in parts if everyone.any()]
            rows += of_form
            said[f"gain:{form}"] = {name: of_form[0][name] for name in _SAID} | {"mean": np.nan}
            if gained.any():
                for about, column in (("session", "gain_session"), ("size", "gain_size")):
                    said[f"{about}:{form}"] = said[f"gain:{form}"] | {"mean": float(np.median(own[column][gained]))}
        columns = {name: [row[name] for row in rows] for name in self.definition.columns}
        text = ("form", "kind", "why")
        table = self.table({name: np.array(column, dtype=object if name in text else float) for name, column in columns.items()})
        nothing = {"none": dict.fromkeys((*_SAID, "mean"), np.nan) | {"courses": 0, "judged": 0, "therapists": 0, "why": "nothing recorded"}}
        return Result(table, headlines(said or nothing), {})


_SAID = ("share", "lower", "upper", "courses", "judged", "therapists", "why")


def _share(own: dict[str, np.ndarray], part: np.ndarray, everyone: np.ndarray, cube: Cube) -> dict[str, object]:
    counts, hits = (np.bincount(own["cluster"][those], minlength=cube.extra["clusters"]).astype(float)[None, :] for those in (everyone, part))
    share = clustered_shares(counts, hits, unit=cube.unit)
    return {
        "share": 100.0 * share.mean[0],
        "lower": 100.0 * share.lower[0],
        "upper": 100.0 * share.upper[0],
        "courses": int(part.sum()),
        "judged": int(everyone.sum()),
        "therapists": len(np.unique(own["therapist"][part])),
        "why": share.why[0],
    }
