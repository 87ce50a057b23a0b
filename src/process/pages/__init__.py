"""The pages: one question each, with shared filters and cards. A notebook in `dashboards/` opens one and serves it."""

from __future__ import annotations

from process.access import Clinic
from process.errors import QuestionWrong, did_you_mean
from process.pages.page import Page, Plan

PLANS = {
    plan.name: plan
    for plan in (
        Plan("goals", "Goals", "Do people reach what they came for?", "completed"),
        Plan("alliance", "Alliance", "How does the alliance move, and what happens after it ruptures?", "completed"),
        Plan("ruptures", "Ruptures", "What are ruptures like, and how are they repaired?", "completed"),
        Plan("outcomes", "Outcomes", "Do people get better?", "completed"),
        Plan("caseload", "Caseload", "How are caseloads carried, and how do therapies end?", "so_far"),
        Plan("comparison", "Comparison", "What differs beyond chance?", "completed"),
    )
}


def open_page(name: str, clinic: Clinic | None = None, query: str | None = None) -> Page:
    """The page of that name for this session, or a `QuestionWrong` that names the nearest."""
    if name not in PLANS:
        raise QuestionWrong(f"There is no page `{name}`. {did_you_mean(name, PLANS)}")
    return Page(PLANS[name], clinic, query, {entry.name: entry.label for entry in PLANS.values()})


__all__ = ["PLANS", "Page", "Plan", "open_page"]
