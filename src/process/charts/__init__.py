"""An answer as figure, sentence and table."""

from process.access.answer import Answer, present_with
from process.charts import (
    alliance,
    around_ruptures,
    between_within,
    caseload,
    courses,
    expectation,
    funnels,
    goal_care,
    goal_curves,
    goal_fates,
    goal_groups,
    goal_voices,
    goals,
    match_window,
    outcomes,
    over_time,
    possible_ruptures,
    recorded_ruptures,
    repair,
    ruptures,
    workload,
)
from process.charts.chart import Chart
from process.charts.drawing import Drawing
from process.charts.ready import READY
from process.charts.tables import about, as_table
from process.errors import QuestionWrong, did_you_mean

CHARTS: dict[str, Chart] = {
    **goals.CHARTS,
    **goal_curves.CHARTS,
    **goal_groups.CHARTS,
    **goal_fates.CHARTS,
    **goal_voices.CHARTS,
    **goal_care.CHARTS,
    **alliance.CHARTS,
    **match_window.CHARTS,
    **between_within.CHARTS,
    **ruptures.CHARTS,
    **recorded_ruptures.CHARTS,
    **repair.CHARTS,
    **around_ruptures.CHARTS,
    **possible_ruptures.CHARTS,
    **expectation.CHARTS,
    **outcomes.CHARTS,
    **caseload.CHARTS,
    **courses.CHARTS,
    **workload.CHARTS,
    **funnels.CHARTS,
    **over_time.CHARTS,
}


for _name, _chart in CHARTS.items():
    READY.offer(_name, _chart.blank)


def chart(name: str) -> Chart:
    """The chart of a measure, or a `QuestionWrong` that names the nearest."""
    if name not in CHARTS:
        raise QuestionWrong(f"`{name}` has no chart. {did_you_mean(name, CHARTS)}")
    return CHARTS[name]


def _figure(answer: Answer) -> object:
    return chart(answer.name).figure(answer)


def _sentence(answer: Answer) -> str:
    return chart(answer.name).sentence(answer)


present_with(figure=_figure, sentence=_sentence)

__all__ = ["CHARTS", "READY", "Chart", "Drawing", "about", "as_table", "chart"]
