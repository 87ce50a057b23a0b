"""Every measure by name: the one list that pages, docs and the door read."""

from __future__ import annotations

from functools import cache

from process.errors import QuestionWrong, did_you_mean
from process.measures import (
    against_expectation,
    alliance,
    between_within,
    caseload,
    comparison,
    dip_rules,
    dropout,
    expected_course,
    gaps,
    goal_curves,
    goal_fates,
    goal_groups,
    goal_impasse,
    goal_lineage,
    goal_reviews,
    goal_scores,
    goal_voices,
    goals,
    leaving,
    lengths,
    match_window,
    outcome_change,
    outcome_gains,
    over_time,
    recorded_ruptures,
    repair,
    rupture_contrasts,
    rupture_episodes,
    ruptures,
    workload,
)
from process.measures.measure import Measure

# In the order in which pages show them.
_KINDS: tuple[type[Measure], ...] = (
    lengths.Lengths,
    goals.AttainmentLevels,
    goals.AttainmentCurve,
    goal_curves.AttainmentSameCourses,
    goal_curves.AttainmentToTheEnd,
    goal_curves.AttainmentByShare,
    goal_groups.AttainmentBySetter,
    goal_curves.AttainmentByBand,
    goal_groups.AttainmentByModality,
    goal_groups.AttainmentByProblem,
    goal_fates.GoalFates,
    goal_fates.GoalFatesBySetter,
    goal_lineage.GoalLineage,
    goal_voices.GoalVoices,
    goal_reviews.GoalReviews,
    goal_impasse.Impasse,
    goal_scores.AttainmentTScore,
    alliance.AllianceBySession,
    match_window.MatchWindow,
    between_within.AllianceBetweenWithin,
    ruptures.AllianceAfterRupture,
    rupture_contrasts.RuptureAgainstLikeSessions,
    rupture_contrasts.RepairedAgainstNotYet,
    rupture_contrasts.RepairByLength,
    outcome_change.OutcomeChange,
    outcome_gains.SuddenGains,
    expected_course.ExpectedCourse,
    recorded_ruptures.RuptureReview,
    recorded_ruptures.RuptureKinds,
    recorded_ruptures.RuptureNoticedBy,
    recorded_ruptures.RuptureIntensity,
    recorded_ruptures.RecurringRuptures,
    repair.RepairSteps,
    recorded_ruptures.RepairAndRecovery,
    repair.TimeToRepair,
    ruptures.AllianceAfterRuptureByKind,
    ruptures.AllianceAfterRuptureByWhom,
    ruptures.AllianceAfterRuptureByLength,
    leaving.LeftAfterRupture,
    dip_rules.DipRules,
    dip_rules.DipRate,
    dip_rules.DipAgreement,
    dip_rules.DipsAndRecorded,
    rupture_episodes.RuptureEpisodes,
    rupture_episodes.EpisodeDepth,
    rupture_episodes.EpisodeDuration,
    against_expectation.PossibleRupturesAgainstExpectation,
    caseload.ActiveCourses,
    workload.WeeklyWorkload,
    gaps.SessionGaps,
    lengths.TherapyLengths,
    caseload.Endings,
    dropout.DropoutDefinitions,
    comparison.FairComparisonDropout,
    comparison.FairComparisonImprovement,
    over_time.AttendanceOverTime,
    over_time.DropoutOverTime,
)


@cache
def _measures() -> dict[str, Measure]:
    return {kind.name: kind() for kind in _KINDS}


def measure(name: str) -> Measure:
    """The measure of that name, or a `QuestionWrong` that names the nearest."""
    if name not in _measures():
        raise QuestionWrong(f"Measure `{name}` is not known. {did_you_mean(name, _measures())}")
    return _measures()[name]


def names(page: str | None = None) -> tuple[str, ...]:
    """The measures' names in the order they are shown; with a `page`, those of that page and those of every page."""
    return tuple(name for name, entry in _measures().items() if page is None or entry.definition.page in (page, "all"))
