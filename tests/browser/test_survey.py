"""The real survey, which knows neither alliance nor goals nor endings: its caseload is drawn, the other pages say what a clinic would have to record."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.browser.signing_in import signed_in

from process.store import DuckDBEngine, current


@pytest.fixture(scope="module")
def survey_page(browser, survey):
    context, dashboard = signed_in(browser, survey, "Director")
    yield dashboard
    context.close()


def test_the_caseload_of_the_real_survey_is_drawn_and_follows_the_range(survey_page, survey, photograph):
    page = survey_page.open("caseload")
    engine = DuckDBEngine.open(current(survey.store))
    facts = engine.query("select count(*) as courses, count(distinct therapist_id) as therapists, sum(so_far) as sessions from course_facts").iloc[0]
    engine.close()

    cards = page.drawn()

    assert list(cards) == ["active_courses", "weekly_workload", "session_gaps", "therapy_lengths", "endings", "dropout_definitions"]
    told = ("active_courses", "therapy_lengths", "endings")
    assert all(cards[name].drawn for name in told)
    assert all(card.drawn or card.reason for card in cards.values()), cards  # how these courses ended is not on record
    assert f"{int(facts['courses']):,} courses · {int(facts['sessions']):,} attended sessions · {int(facts['therapists']):,} therapists" in page.summary
    assert "simulated" not in page.summary
    assert "unknown start" in cards["active_courses"].sentence and "was not recorded" in cards["endings"].sentence
    photograph(page, "survey-caseload-1440")
    page.press("PageUp")
    after = page.drawn()
    assert all(after[name].sentence != cards[name].sentence for name in told)
    assert after["therapy_lengths"].data != cards["therapy_lengths"].data
    expect(page.page).to_have_url(re.compile("length="))


@pytest.mark.parametrize(("name", "wanted"), [("alliance", "alliance score"), ("goals", "goal")])
def test_what_the_survey_does_not_hold_is_said_with_what_to_record(survey_page, name, wanted):
    page = survey_page.open(name)

    cards = page.drawn()

    for card in cards.values():
        assert card.reason and "To see it, record" in card.sentence and wanted in card.sentence, card
    page.press("PageUp")
    assert all(card.reason for card in page.drawn().values())
    expect(page.page.get_by_role("navigation")).to_contain_text("Caseload")
