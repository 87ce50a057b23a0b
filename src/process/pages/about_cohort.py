"""Which courses a page is about, in words: its summary, its live counts, and a chip for every filter that is set."""

from __future__ import annotations

from collections.abc import Mapping

from process.access import Answer, Cohort
from process.access.cohort import ATTRIBUTES, LONGEST, THERAPIST
from process.charts import look as chart_look
from process.pages import look
from process.pages.filters import OUTCOME

WITHOUT_LENGTH = {"completed": "have not ended, or how is not known", "so_far": "have no attended session", "planned": "have no planned number"}


def summary(lengths: Answer) -> str:
    """How many courses, sessions and therapists, of which clinic, up to which day; simulated records say so."""
    stamp = lengths.stamp
    here = lengths.headlines.loc["in_range"] if "in_range" in lengths.headlines.index else None
    badge = "<span class='badge'>simulated clinic</span>" if stamp.origin == "simulated" else ""
    if here is None or here["courses"] != here["courses"]:
        people = "too few courses to show"
    else:
        mine = "" if lengths.own else f" · {int(here['therapists']):,} therapist{'s' if here['therapists'] != 1 else ''}"
        mine += f" ({lengths.sees})" if lengths.scope is not None and not lengths.own else ""
        people = f"{'your ' if lengths.own else ''}{int(here['courses']):,} courses · {int(here['sessions']):,} attended sessions{mine}"
    return f"<p class='summary' role='status'>{people} · {stamp.clinic} · data as of {look.day(stamp.as_of)} {badge}</p>"


def counted(lengths: Answer, cohort: Cohort) -> str:
    """The live counts beside the length range, and how many courses have no length on this basis."""
    rows = lengths.headlines
    here, every = (_few_or(rows.loc[name, "courses"]) for name in ("in_range", "all_courses"))
    without = int(lengths.notes.get("without_length", 0) or 0)
    left = f"<p class='hint'>{without:,} courses {WITHOUT_LENGTH[cohort.basis]}, so they have no length here.</p>" if without else ""
    outcome = f"<p class='hint'>{OUTCOME}</p>" if cohort.basis == "completed" else ""
    span = "every length" if cohort.length is None else _span(cohort.length)
    return f"<p class='counts'><b>{span}</b><span>{here} of {every} courses</span></p>{outcome}{left}"


def chip(name: str, cohort: Cohort, called: Mapping[str, str]) -> str:
    """What a filter is set to, short; empty where it is not. `called` = the names of therapists by their codes."""
    if name == "length":
        return "" if cohort.length is None else f"{chart_look.BASIS_NAMES[cohort.basis]}: {_span(cohort.length)}"
    if name == "start":
        first, last = cohort.start
        return f"started {first.replace('-', ' ') or 'any time'} – {last.replace('-', ' ') or 'now'}" if first or last else ""
    chosen = getattr(cohort, name)
    if name == THERAPIST:
        names = [called.get(code, code) for code in chosen]
    else:
        names = [chart_look.ENDING_NAMES.get(code, code) if name == "ending" else code.replace("_", " ") for code in chosen]
    return "" if not chosen else names[0] if len(names) == 1 else f"{len(names)} {ATTRIBUTES.get(name, 'therapists')}"


def _span(length: tuple[int, int]) -> str:
    low, high = length
    return f"{low} sessions and more" if high >= LONGEST else f"{low}–{high} sessions" if low != high else f"{low} sessions"


def _few_or(courses: float) -> str:
    return "too few" if courses != courses else f"{int(courses):,}"
