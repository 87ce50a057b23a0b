"""The one door: who is asking decides what is answered, at every question anew."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import clinics
from tests.clinics import DIRECTOR

import process
from process.access import ANALYST, Clinic, Cohort, Viewer, open_records
from process.errors import NotAllowed, QuestionWrong, StoreProblem
from process.measures import catalogue, derived, parameters
from process.store import publish

MEASURES = catalogue.names()


@pytest.fixture(scope="module")
def tess(busiest):
    return Viewer("tess", "therapist", busiest, "Tess")


@pytest.fixture(scope="module")
def alone(tmp_path_factory, delivered, records, busiest):
    """A store with that therapist's courses and nothing else but the clinic-wide parameters, which are everybody's."""
    folder = tmp_path_factory.mktemp("alone")
    derive = partial(derived.derive, earlier=parameters.stored(records.engine.query))
    publish(folder, clinics.only(delivered, busiest), derive=derive)
    records = open_records(folder)
    yield records
    records.engine.close()


def same(one, other) -> None:
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.headlines, other.headlines)
    assert (one.n, one.withheld, one.missing) == (other.n, other.withheld, other.missing)
    assert one.notes == pytest.approx(other.notes, nan_ok=True)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("length", [None, (4, 20)])
def test_a_therapist_gets_the_figures_of_a_clinic_that_has_no_other_courses(records, alone, tess, name, length):
    cohort = Cohort(length=length)

    same(Clinic(records, tess).ask(name, cohort), Clinic(alone, tess).ask(name, cohort))


@pytest.mark.parametrize("name", MEASURES)
def test_other_therapists_are_nowhere_in_a_therapists_answer(records, tess, name):
    others = set(clinics.therapists(records)) - {tess.therapist_id}

    answer = Clinic(records, tess).ask(name)

    text = answer.table.to_csv() + answer.headlines.to_csv() + answer.exported().csv() + str(answer.notes) + str(answer.stamp)
    assert answer.own and not [code for code in others if code in text]


def test_a_therapist_can_filter_by_own_codes_only(records, tess, alone):
    assert Clinic(records, tess).options() == Clinic(alone, ANALYST).options()
    assert Clinic(records, tess).options() != Clinic(records, DIRECTOR).options()


@pytest.mark.parametrize("page", ["goals", "alliance", "caseload"])
@given(ends=st.tuples(st.integers(0, 60), st.integers(0, 60)), basis=st.sampled_from(["completed", "so_far", "planned"]))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_moved_range_gives_what_the_same_question_gives(records, page, ends, basis):
    clinic = Clinic(records, DIRECTOR)
    length = (min(ends), max(ends))
    lease = clinic.prepare(page, Cohort(basis=basis))
    for name in catalogue.names(page):
        same(lease.answer(name, length), clinic.ask(name, Cohort(basis=basis, length=length)))


def test_a_moved_range_runs_no_query(records, monkeypatch):
    lease = Clinic(records, DIRECTOR).prepare("alliance", Cohort())
    lease.answer("lengths")
    asked = []
    monkeypatch.setattr(records.engine, "query", lambda *args, **named: asked.append(args))

    for name in catalogue.names("alliance"):
        lease.answer(name, (3, 17))

    assert asked == []


def test_courses_of_two_ranges_add_up(records):
    lease = Clinic(records, ANALYST).prepare("caseload", Cohort())
    here, there, both = (lease.answer("endings", length).headlines.loc["all", "courses"] for length in ((1, 9), (10, 60), (1, 60)))

    assert here > 0 and there > 0 and here + there == both


def test_viewers_with_the_same_scope_share_what_was_counted_and_others_never(records, tess):
    fresh = open_records(records.generation.path.parents[1])
    asked = []
    query = fresh.engine.query
    fresh.engine.query = lambda sql, **bound: (asked.append(bound.get("therapists")), query(sql, **bound))[1]

    def scopes(viewer):
        asked.clear()
        Clinic(fresh, viewer).ask("endings")
        return [scope for scope in asked if scope is not None], len(asked)

    scopes(DIRECTOR)
    assert scopes(Viewer("dirk", "director"))[1] == 0
    assert scopes(ANALYST)[1] == 0
    own, several = scopes(tess)
    assert several > 0 and own == [f"|{tess.therapist_id}|"] * several
    assert scopes(Viewer("tess2", "therapist", tess.therapist_id))[1] == 0
    assert scopes(Viewer("tariq", "therapist", clinics.therapists(records)[1]))[1] > 0
    fresh.engine.close()


def test_what_was_counted_is_kept_for_the_last_questions_only(store, monkeypatch):
    monkeypatch.setattr("process.access.clinic.SHARED_CUBES", 4)
    fresh = open_records(store)
    clinic = Clinic(fresh, ANALYST)
    for quarter in fresh.options(None)["start"][:3]:
        clinic.prepare("endings", Cohort(start=(quarter, "")))

    assert len(fresh._cubes) == 4
    fresh.engine.close()


@pytest.fixture
def worked_out(records, monkeypatch):
    """The lengths for which "endings" was worked out since, and nothing that was kept before."""
    done, measure = [], catalogue.measure("endings")
    answer = measure.answer
    monkeypatch.setattr(measure, "answer", lambda cube, length: (done.append(length), answer(cube, length))[1])
    records._results.clear()
    yield done
    records._results.clear()


def test_a_result_is_worked_out_once_for_a_scope_its_filters_and_a_range_and_never_for_another(records, tess, worked_out):
    def times(viewer, **filters) -> int:
        worked_out.clear()
        Clinic(records, viewer).ask("endings", Cohort(**filters))
        return len(worked_out)

    second = clinics.therapists(records)[1]
    assert times(DIRECTOR) == 1 and times(Viewer("dirk", "director")) == 0
    assert times(tess) == 1 and times(Viewer("tariq", "therapist", second)) == 1 and times(Viewer("tess2", "therapist", tess.therapist_id)) == 0
    assert times(Viewer("sol", "supervisor", supervises=(tess.therapist_id, second))) == 1
    assert times(DIRECTOR, length=(4, 9)) == 1 and times(DIRECTOR, length=(4, 10)) == 1 and times(DIRECTOR, length=(4, 9)) == 0
    assert times(DIRECTOR, problem=["depression"]) == 1 and times(DIRECTOR, basis="so_far") == 1


def test_what_is_withheld_is_decided_for_each_who_asks_of_a_result_that_was_kept(records, worked_out):
    few = Cohort(length=(40, 48))
    everything = Clinic(records, ANALYST).ask("endings", few)
    shown = Clinic(records, DIRECTOR).ask("endings", few)
    again = Clinic(records, ANALYST).ask("endings", few)

    assert len(worked_out) == 1
    assert everything.withheld == 0 and shown.withheld > 0 and shown.table["courses"].isna().any()
    same(everything, again)


def test_a_result_that_was_kept_is_refused_to_whoever_may_not_ask_any_more(records, worked_out):
    people = {"dora": DIRECTOR}
    lease = Clinic(records, lambda: people.get("dora")).prepare("endings", Cohort())
    lease.answer("endings")
    del people["dora"]

    with pytest.raises(NotAllowed, match="Nobody is signed in"):
        lease.answer("endings")
    assert len(worked_out) == 1


def test_what_one_does_with_an_answer_changes_nobody_elses(records, worked_out):
    before = Clinic(records, ANALYST).ask("endings")
    kept = before.table.copy()
    before.table.iloc[0, 1] = 0
    before.table["more"] = 1
    before.notes["more"] = 1

    after = Clinic(records, ANALYST).ask("endings")

    assert len(worked_out) == 1 and "more" not in after.notes
    pd.testing.assert_frame_equal(after.table, kept)


def test_results_are_kept_of_the_last_questions_only(records, worked_out, monkeypatch):
    monkeypatch.setattr("process.access.clinic.SHARED_RESULTS", 4)
    for last in range(10, 20):
        Clinic(records, ANALYST).ask("endings", Cohort(length=(1, last)))

    assert len(records._results) == 4


def test_somebody_who_is_removed_between_two_moves_is_refused_at_once(records):
    people = {"dora": DIRECTOR}
    lease = Clinic(records, lambda: people.get("dora")).prepare("goals", Cohort())
    lease.answer("attainment_curve")

    del people["dora"]

    with pytest.raises(NotAllowed, match="Nobody is signed in"):
        lease.answer("attainment_curve", (3, 9))


def test_somebody_whose_courses_change_is_refused_the_old_ones(records, tess):
    people = {"tess": tess}
    lease = Clinic(records, lambda: people["tess"]).prepare("goals", Cohort())

    for other in (Viewer("tess", "therapist", clinics.therapists(records)[1]), DIRECTOR):
        people["tess"] = other
        with pytest.raises(NotAllowed, match="What you may see has changed"):
            lease.answer("attainment_curve")


def test_a_director_who_was_the_analyst_before_is_withheld_from_now_on(records):
    asking = [ANALYST]
    lease = Clinic(records, lambda: asking[0]).prepare("therapy_lengths", Cohort())

    before = lease.answer("therapy_lengths").withheld
    asking[0] = DIRECTOR

    assert before == 0 and lease.answer("therapy_lengths").withheld > 0


@pytest.mark.parametrize("asking", [None, lambda: None, lambda: "dora", "dora"], ids=["None", "nobody", "a name found", "a name"])
def test_nobody_is_refused(records, asking):
    clinic = Clinic(records, asking)

    for question in (lambda: clinic.ask("endings"), lambda: clinic.prepare("goals", Cohort()), clinic.options, lambda: clinic.viewer):
        with pytest.raises(NotAllowed, match="Nobody is signed in"):
            question()


@pytest.mark.parametrize(
    ("role", "therapist"), [("admin", None), ("", None), ("guest", "T1"), ("therapist", None), ("therapist", ""), ("director", "T1"), ("analyst", "T1")]
)
def test_a_viewer_who_would_see_too_much_cannot_be_made(role, therapist):
    with pytest.raises(NotAllowed):
        Viewer("somebody", role, therapist)


def test_an_unknown_question_names_the_nearest(records):
    clinic = Clinic(records, DIRECTOR)

    with pytest.raises(QuestionWrong, match="`ending` is neither a page nor a measure. Did you mean `endings`?"):
        clinic.ask("ending")
    with pytest.raises(QuestionWrong, match="Did you mean `alliance`?"):
        clinic.prepare("aliance", Cohort())
    with pytest.raises(QuestionWrong, match="Did you mean `lengths`?"):
        clinic.prepare("goals", Cohort()).answer("length")


def test_a_lease_answers_only_what_it_was_prepared_for(records):
    with pytest.raises(NotAllowed, match="not prepared for `endings`"):
        Clinic(records, DIRECTOR).prepare("goals", Cohort()).answer("endings")


def test_a_clinic_with_sessions_alone_says_which_tables_a_question_needs(tmp_path):
    records = clinics.opened(tmp_path, clinics.counted(("T1", 9, 3), ("T2", 9, 3)))
    clinic = Clinic(records, DIRECTOR)

    assert clinic.ask("attainment_curve").missing == ("goals", "goal_ratings")
    assert "ruptures" in clinic.ask("alliance_after_rupture").missing
    found = []
    for name in MEASURES:
        answer = clinic.ask(name)
        if answer.missing:
            assert answer.n == 0 and answer.withheld == 0 and not len(answer.table)
            assert [*answer.definition.columns] == [column for column in answer.table if column in answer.definition.columns]
        else:
            assert answer.n in (0, 18)  # nobody is still going
            found.append(name)
    records.engine.close()


def test_records_that_know_no_ending_start_from_the_length_so_far(tmp_path):
    records = clinics.opened(tmp_path, clinics.counted(("T1", 3, 3), ending="unknown"))

    assert Clinic(records, ANALYST).basis("completed") == "so_far"
    assert Clinic(records, ANALYST).basis("planned") == "so_far"
    records.engine.close()


def test_known_counts_come_out_as_they_are(tmp_path):
    records = clinics.opened(tmp_path, clinics.counted(("T1", 5, 3), ("T2", 4, 6)))
    clinic = Clinic(records, ANALYST)

    assert clinic.ask("therapy_lengths").table.set_index("length")["courses"].to_dict() == {3: 5, 6: 4}
    assert clinic.ask("endings", Cohort(length=(4, 9))).headlines.loc["all", "courses"] == 4
    assert clinic.ask("lengths").headlines.loc["in_range", "sessions"] == 39
    assert np.isclose(clinic.ask("endings").table["share"].iloc[0], 100)
    records.engine.close()


def test_the_analyst_opens_a_store_by_its_folder(store, tmp_path):
    assert process.open(store).viewer == ANALYST
    with pytest.raises(StoreProblem):
        process.open(tmp_path)
