"""The study summed up: bias, coverage, width and what the curve alone would have said, as `results.json` and as the tables in docs/coverage.md."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.coverage.study import Pilot
from scipy import stats

ROOT = Path(__file__).parents[2]
REPORT, RESULTS = ROOT / "docs" / "coverage.md", Path(__file__).parent / "results.json"
START, END = "<!-- coverage: start -->", "<!-- coverage: end -->"
MAIN = {"a": "(a) rupture against like sessions", "b": "(b) repaired against not yet repaired", "c": "(c) possible ruptures against expectation"}
BANDS = {f"b {band}": f"{band.replace('-', '–')} sessions to date" for band in ("1-8", "9-16", "17-30", "31+")}
EFFECTS = {"on": "on", "off": "off", "late": "from session 17 on"}


def write(folder: Path, known: Pilot, sizes: dict[int, int]) -> None:
    """Sum up the clinics in `folder`, write the results, and put the tables between the two marks of the report."""
    found = {therapists: pd.read_csv(folder / f"clinics-{therapists}.csv") for therapists in sizes if (folder / f"clinics-{therapists}.csv").exists()}
    rows = [
        {"therapists": therapists, "courses": sizes[therapists], "contrast": contrast, "effect": effect, **summary(part, known.within_sd)}
        for therapists, clinics in found.items()
        for (contrast, effect), part in clinics.groupby(["contrast", "effect"], sort=True)
    ]
    RESULTS.write_text(json.dumps({"within_course_sd": round(known.within_sd, 4), "rows": rows}, indent=1) + "\n", "utf-8")
    if REPORT.exists():
        before, rest = REPORT.read_text("utf-8").split(START)
        REPORT.write_text(f"{before}{START}\n{_tables(found, pd.DataFrame(rows), known.within_sd)}\n{END}{rest.split(END)[1]}", "utf-8")
    print(_tables(found, pd.DataFrame(rows), known.within_sd))


def summary(clinics: pd.DataFrame, within_sd: float) -> dict[str, float | int | dict[str, int]]:
    """One contrast in clinics of one size. Bias, coverage, width and spread are over the clinics with an interval: only those are shown as a result.

    `truth` is the mean of the clinics' own truths, the estimand; `own_coverage` is that of each clinic's own. `shown` = intervals that leave out 0.
    """
    truth = float(clinics["truth"].mean())
    there = clinics[clinics["lower"].notna()]
    estimate, lower, upper, own = (there[name].to_numpy(dtype=float) for name in ("estimate", "lower", "upper", "truth"))
    df = there["df"].to_numpy(dtype=float)
    error = (upper - lower) / 2 / np.where(np.isfinite(df), stats.t.ppf(0.975, np.where(np.isfinite(df), df, 10)), stats.norm.ppf(0.975))
    few = len(there) < 2
    bias = float(np.mean(estimate) - truth) if not few else np.nan
    found = {
        "clinics": int(clinics["seed"].nunique()),
        "with_interval": len(there),
        "truth": truth,
        "whole": float(clinics["whole"].mean()),
        "bias": bias,
        "bias_percent_of_sd": 100 * bias / within_sd,
        "bias_error": float(np.std(estimate, ddof=1) / np.sqrt(len(there))) if not few else np.nan,
        "coverage": float(np.mean((lower <= truth) & (truth <= upper))) if not few else np.nan,
        "own_coverage": float(np.mean((lower <= own) & (own <= upper))) if not few else np.nan,
        "shown": float(np.mean((lower > 0) | (upper < 0))) if not few else np.nan,
        "width": float(np.mean(upper - lower)) if not few else np.nan,
        "sd": float(np.std(estimate, ddof=1)) if not few else np.nan,
        "standard_error": float(np.mean(error)) if not few else np.nan,
        "naive_bias": float(clinics["naive"].mean() - truth),
        "sessions": float(clinics["n"].mean()),
    }
    rounded = {name: value if isinstance(value, int) else None if not np.isfinite(value) else round(value, 4) for name, value in found.items()}
    return {**rounded, "no_interval_because": clinics.loc[clinics["lower"].isna(), "why"].fillna("").value_counts().to_dict()}


def _tables(found: dict[int, pd.DataFrame], rows: pd.DataFrame, within_sd: float) -> str:
    clinics = ", ".join(f"{part['seed'].nunique():,} clinics of {therapists} therapists" for therapists, part in found.items())
    seconds = ", ".join(f"{part.groupby('seed')['seconds'].first().mean():.1f} s" for part in found.values())
    said = f"{datetime.date.today():%d %B %Y}: {clinics}; processor time for each {seconds}."
    said += f" Within-course SD {within_sd:.2f} points; 5 % of it {within_sd / 20:.2f}."
    parts = [said, _table(rows, MAIN, ("on", "off")), "**By length of therapy to date** (contrast b):", _table(rows, BANDS, ("on", "late", "off"))]
    return "\n\n".join([*parts, "**Why there was no interval**, share of clinics:", _reasons(rows)])


def _table(rows: pd.DataFrame, names: dict[str, str], effects: tuple[str, ...]) -> str:
    heads = ["contrast", "therapists", "effect", "truth", "bias", "% of SD", "coverage %", "own truth %", "0 left out %", "width", "SD / SE", "no interval %"]
    naive = any(rows.loc[rows["contrast"].isin(names), "naive_bias"].notna())
    heads += ["whole effect", "the curve alone is off by"] if naive else ["whole effect"]
    lines = [f"| {' | '.join(heads)} |", "| --- | ---: | --- |" + " ---: |" * (len(heads) - 3)]
    for contrast, name in names.items():
        for row in rows[(rows["contrast"] == contrast) & rows["effect"].isin(effects)].itertuples():
            cells = [name, str(row.therapists), EFFECTS[row.effect], _number(row.truth), f"{_number(row.bias)} ± {_number(row.bias_error, 2, False)}"]
            cells += [
                _number(row.bias_percent_of_sd, 1),
                *(_number(100 * value if value is not None else None, 1, False) for value in (row.coverage, row.own_coverage)),
            ]
            cells += [_number(100 * row.shown if row.shown is not None else None, 1, False), _number(row.width, 1, False)]
            cells += [f"{_number(row.sd, 2, False)} / {_number(row.standard_error, 2, False)}", _number(100 * (1 - row.with_interval / row.clinics), 1, False)]
            cells += [_number(row.whole)] + ([_number(row.naive_bias)] if naive else [])
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _reasons(rows: pd.DataFrame) -> str:
    lines = ["| contrast | therapists | effect | why |", "| --- | ---: | --- | --- |"]
    for row in rows[rows["effect"].eq("on") & rows["no_interval_because"].map(bool)].itertuples():
        why = "; ".join(f"{reason or 'no estimate'}: {100 * count / row.clinics:.1f} %" for reason, count in row.no_interval_because.items())
        lines.append(f"| {(MAIN | BANDS)[row.contrast]} | {row.therapists} | {EFFECTS[row.effect]} | {why} |")
    return "\n".join(lines)


def _number(value: float | None, digits: int = 2, sign: bool = True) -> str:
    if value is None or not np.isfinite(value):
        return "–"
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if sign and rounded else ''}.{digits}f}".replace("-", "\u2212")
