"""The pages: one question each, with shared filters and cards. A notebook in `dashboards/` opens one and serves it."""

from __future__ import annotations

from process.access import Clinic
from process.errors import QuestionWrong, did_you_mean
from process.pages.page import Page, Plan, figures, first_figures

# Cards that answer a second question about the same records: their questions are on the page, their figures are drawn when somebody asks.
GOALS_ON_REQUEST = (
    "attainment_same_courses",
    "attainment_to_the_end",
    "attainment_by_share",
    "attainment_by_setter",
    "attainment_by_band",
    "attainment_by_modality",
    "attainment_by_problem",
    "goal_fates_by_setter",
    "goal_lineage",
    "attainment_t_score",
)
RUPTURES_ON_REQUEST = (
    "rupture_noticed_by",
    "rupture_intensity",
    "recurring_ruptures",
    "alliance_after_rupture_by_kind",
    "alliance_after_rupture_by_whom",
    "alliance_after_rupture_by_length",
    "dip_rate",
    "dip_agreement",
    "dips_and_recorded",
    "episode_depth",
    "episode_duration",
)
PLANS = {
    plan.name: plan
    for plan in (
        Plan("goals", "Goals", "Do people reach what they came for?", "completed", GOALS_ON_REQUEST),
        Plan("alliance", "Alliance", "How does the alliance move, and what happens after it ruptures?", "completed"),
        Plan("ruptures", "Ruptures", "What are ruptures like, and how are they repaired?", "completed", RUPTURES_ON_REQUEST),
        Plan("outcomes", "Outcomes", "Do people get better?", "completed"),
        Plan("caseload", "Caseload", "How are caseloads carried, and how do therapies end?", "so_far"),
        Plan("comparison", "Comparison", "What differs beyond chance?", "so_far"),
    )
}
NAVIGATION = {**{plan.name: plan.label for plan in PLANS.values()}, "methods": "Methods"}
"""Every page by name and label, as the navigation shows them; the page on methods is plain HTML and has no plan."""


def open_page(name: str, clinic: Clinic | None = None, query: str | None = None) -> Page:
    """The page of that name for this session, or a `QuestionWrong` that names the nearest."""
    if name not in PLANS:
        raise QuestionWrong(f"There is no page `{name}`. {did_you_mean(name, PLANS)}")
    return Page(PLANS[name], clinic, query, NAVIGATION)


__all__ = ["NAVIGATION", "PLANS", "Page", "Plan", "figures", "first_figures", "open_page"]
