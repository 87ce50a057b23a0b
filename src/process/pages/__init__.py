"""The pages: one question each, with shared filters and cards. A notebook in `dashboards/` opens one and serves it."""

from __future__ import annotations

from process.access import Clinic
from process.errors import QuestionWrong, did_you_mean
from process.pages.page import Page, Plan

PLANS = {
    "goals": Plan("goals", "Do people reach what they came for?", "completed"),
    "alliance": Plan("alliance", "How does the alliance move, and what happens after it ruptures?", "completed"),
    "caseload": Plan("caseload", "How are caseloads carried, and how do therapies end?", "so_far"),
}


def open_page(name: str, clinic: Clinic | None = None, query: str | None = None) -> Page:
    """The page of that name for this session, or a `QuestionWrong` that names the nearest."""
    if name not in PLANS:
        raise QuestionWrong(f"There is no page `{name}`. {did_you_mean(name, PLANS)}")
    return Page(PLANS[name], clinic, query)


__all__ = ["PLANS", "Page", "Plan", "open_page"]
