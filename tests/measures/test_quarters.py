"""A clinic whose policy is quarters instead of weeks loses the figures that are drawn week by week or month by month, and no other by a digit."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
from tests import clinics

import process.charts  # noqa: F401  (draws the answers)
from process.access import Clinic, Cohort
from process.intake.codes.surrogates import disguise
from process.intake.codes.table import Codes
from process.measures import catalogue

BY_WEEK = {"active_courses", "weekly_workload", "attendance_over_time", "dropout_over_time"}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The demo clinic under the same display codes, once with weeks and once with quarters."""
    records, codes, opened = clinics.demo(600, 12), Codes.new(), {}
    for dates in ("week", "quarter"):
        coarse, _ = disguise(records, codes, SimpleNamespace(dates=dates))
        opened[dates] = clinics.opened(tmp_path_factory.mktemp(dates), coarse)
    yield {dates: Clinic(found, lambda: clinics.DIRECTOR) for dates, found in opened.items()}
    for found in opened.values():
        found.engine.close()


@pytest.mark.parametrize("name", catalogue.names())
def test_only_figures_by_week_or_month_need_weeks(both, name):
    going = Cohort(basis="so_far")  # gaps are of courses that are still going
    weeks, quarters = both["week"].ask(name, going), both["quarter"].ask(name, going)

    if name in BY_WEEK:
        assert quarters.n == 0 < weeks.n and quarters.sentence
    elif name == "session_gaps":
        assert quarters.table["gap"].tolist() == ["unknown"] and quarters.table["share"].tolist() == [100.0]
        assert quarters.n > 0 and "not known" in quarters.sentence
    else:
        pd.testing.assert_frame_equal(weeks.table, quarters.table)
        assert weeks.n == quarters.n


def test_courses_can_still_be_chosen_by_the_quarter_they_began_in(both):
    assert both["quarter"].options() == both["week"].options()
