"""Whose courses a person sees: a therapist their own, a supervisor those of named therapists, pooled and each; nobody named is nobody's courses."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest
from tests import clinics
from tests.clinics import DIRECTOR

from process.access import ANALYST, Clinic, Cohort, Viewer, open_records
from process.access.scope import bound, narrowed, scoped, within
from process.errors import NotAllowed
from process.measures import catalogue, derived, parameters
from process.store import publish

MEASURES = catalogue.names()


@pytest.fixture(scope="module")
def chosen(records):
    """Three therapists in the middle, the first of them being the supervisor's own code."""
    return tuple(clinics.therapists(records)[2:5])


@pytest.fixture(scope="module")
def sue(chosen):
    return Viewer("sue", "supervisor", chosen[0], "Sue", supervises=chosen[1:])


@pytest.fixture(scope="module")
def alone(tmp_path_factory, delivered, records, chosen):
    """A store with those three therapists' courses and nothing else but the clinic-wide parameters, which are everybody's."""
    folder = tmp_path_factory.mktemp("supervised")
    publish(folder, clinics.only(delivered, *chosen), derive=partial(derived.derive, earlier=parameters.stored(records.engine.query)))
    opened = open_records(folder)
    yield opened
    opened.engine.close()


def same(one, other) -> None:
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.headlines, other.headlines)
    assert (one.n, one.withheld, one.missing) == (other.n, other.withheld, other.missing)
    assert one.notes == pytest.approx(other.notes, nan_ok=True)


@pytest.fixture(scope="module")
def answers(records, sue):
    """What the supervisor is answered to each question about courses of 4 to 20 sessions; each is asked once, its cube is shared with the tests below."""
    found = {}
    return lambda name: found.setdefault(name, Clinic(records, sue).ask(name, Cohort(length=(4, 20))))


@pytest.mark.parametrize("name", MEASURES)
def test_a_supervisor_gets_the_figures_of_a_clinic_that_has_no_other_courses(answers, alone, sue, name):
    same(answers(name), Clinic(alone, sue).ask(name, Cohort(length=(4, 20))))


@pytest.mark.parametrize("name", MEASURES)
def test_a_supervisor_sees_one_supervisee_as_that_therapist_does(records, sue, name):
    code = sue.supervises[0]

    each = Clinic(records, sue).ask(name, Cohort(therapist=[code]))

    same(each, Clinic(records, Viewer("tom", "therapist", code)).ask(name))
    assert not each.own  # the words are about somebody else's courses


@pytest.mark.parametrize("name", MEASURES)
def test_therapists_who_are_not_supervised_are_nowhere_in_a_supervisors_answer(records, sue, answers, name):
    others = set(clinics.therapists(records)) - set(sue.scope)
    answer = answers(name)

    exported = answer.exported()
    shown = "".join((answer.table.to_csv(), answer.headlines.to_csv(), str(answer.notes), str(answer.stamp)))

    assert not [code for code in others if code in shown + exported.csv()]
    assert answer.definition.workload or not [code for code in sue.scope if code in exported.csv()]
    assert answer.withheld == 0  # supervisees' courses are seen in full


@pytest.mark.parametrize("name", MEASURES)
def test_who_supervises_nobody_sees_nothing_at_all(records, name):
    answer = Clinic(records, Viewer("new", "supervisor")).ask(name)

    counts = [column for column in answer.table if column in ("courses", "therapists", "active", "events", "sessions")]
    assert answer.n == 0 and (answer.table[counts].fillna(0) == 0).all(axis=None) and (answer.headlines["courses"].fillna(0) == 0).all()


def test_who_supervises_nobody_can_choose_nothing(records):
    assert not any(Clinic(records, Viewer("new", "supervisor")).options().values())


def test_a_code_that_nobody_has_brings_no_courses(records):
    for viewer in (Viewer("t", "therapist", "T404"), Viewer("s", "supervisor", supervises=("T404", "T1"))):
        assert Clinic(records, viewer).ask("endings").n == 0


def test_a_code_that_begins_like_another_is_another(tmp_path):
    records = clinics.opened(tmp_path, clinics.counted(("T1", 5, 3), ("T11", 4, 6), ("1", 3, 2)))

    for code, courses in (("T1", 5), ("T11", 4), ("1", 3)):
        assert Clinic(records, Viewer("t", "therapist", code)).ask("lengths").headlines.loc["in_range", "courses"] == courses
    both = Viewer("s", "supervisor", supervises=("1", "T11"))
    assert Clinic(records, both).ask("lengths").headlines.loc["in_range", ["courses", "therapists"]].tolist() == [7, 2]
    records.engine.close()


def test_a_supervisor_can_filter_by_what_is_there_and_by_each_therapist(records, sue, alone):
    options = Clinic(records, sue).options()

    assert options["therapist"] == sorted(sue.scope)
    assert {name: codes for name, codes in options.items() if name != "therapist"} == {
        name: codes for name, codes in Clinic(alone, ANALYST).options().items() if name != "therapist"
    }


@pytest.mark.parametrize("viewer", [DIRECTOR, ANALYST, Viewer("tess", "therapist", "T01")], ids=lambda viewer: viewer.role)
def test_nobody_else_has_a_filter_by_therapist(records, viewer):
    options = Clinic(records, viewer).options()

    assert options["therapist"] == []
    cohort, problems = Cohort.from_query("therapist=T02", "completed", options)
    assert cohort.therapist == [] and "`therapist` is not a filter" in problems[0]


def test_a_link_cannot_widen_what_a_supervisor_sees(records, sue):
    other = next(code for code in clinics.therapists(records) if code not in sue.scope)

    cohort, problems = Cohort.from_query(f"therapist={other}&therapist={sue.scope[0]}", "completed", Clinic(records, sue).options())

    assert cohort.therapist == [sue.scope[0]] and len(problems) == 1 and other not in problems[0]
    assert Cohort.from_query(cohort.to_query("completed"), "completed", Clinic(records, sue).options())[0].therapist == [sue.scope[0]]


@pytest.mark.parametrize("whose", ["another", "another and own"])
def test_a_filter_by_somebody_elses_therapist_is_refused_without_the_code(records, sue, whose):
    other = next(code for code in clinics.therapists(records) if code not in sue.scope)
    chosen = [other] if whose == "another" else [other, sue.scope[0]]

    for viewer in (sue, Viewer("tess", "therapist", sue.scope[0])):
        with pytest.raises(NotAllowed, match="whose courses you do not see") as refusal:
            Clinic(records, viewer).ask("endings", Cohort(therapist=chosen))
        assert other not in str(refusal.value)


def test_a_director_cannot_ask_for_a_single_therapist(records):
    with pytest.raises(NotAllowed, match="A director cannot ask for the courses of single therapists"):
        Clinic(records, DIRECTOR).ask("endings", Cohort(therapist=clinics.therapists(records)[:1]))


def test_the_analyst_can_look_at_any_therapists(records, chosen):
    answer = Clinic(records, ANALYST).ask("endings", Cohort(therapist=list(chosen)))

    assert answer.n == Clinic(records, Viewer("sue", "supervisor", supervises=chosen)).ask("endings").n
    assert "of 3 therapists" in str(answer.stamp) and not [code for code in chosen if code in str(answer.stamp)]


def test_a_supervisor_who_loses_a_supervisee_is_refused_what_was_prepared(records, sue):
    people = {"sue": sue}
    lease = Clinic(records, lambda: people["sue"]).prepare("endings", Cohort(therapist=[sue.supervises[0]]))
    answer = lease.answer("endings")

    smaller = Viewer("sue", "supervisor", sue.therapist_id, supervises=sue.supervises[1:])
    for other in (smaller, Viewer("sue", "therapist", sue.therapist_id), DIRECTOR, Viewer("sue", "supervisor")):
        people["sue"] = other
        with pytest.raises(NotAllowed, match="What you may see has changed"):
            lease.answer("endings")
        with pytest.raises(NotAllowed, match="What you may see has changed"):
            answer.exported()


def test_what_the_analyst_prepared_for_one_therapist_is_not_the_directors(records, chosen):
    asking = [ANALYST]
    lease = Clinic(records, lambda: asking[0]).prepare("endings", Cohort(therapist=list(chosen[:1])))
    assert lease.answer("endings").n

    asking[0] = DIRECTOR

    with pytest.raises(NotAllowed):
        lease.answer("endings")


def test_two_supervisors_of_the_same_therapists_share_what_was_counted(records, sue, chosen):
    fresh = open_records(records.generation.store)
    asked = []
    query = fresh.engine.query
    fresh.engine.query = lambda sql, **values: (asked.append(values), query(sql, **values))[1]
    Clinic(fresh, sue).ask("endings")
    assert {values["therapists"] for values in asked if "therapists" in values} == {bound(tuple(sorted(chosen)))}
    asked.clear()

    Clinic(fresh, Viewer("sam", "supervisor", supervises=tuple(reversed(chosen)))).ask("endings")

    assert not [values for values in asked if "therapists" in values]
    fresh.engine.close()


def test_intervals_are_clustered_by_course_within_one_caseload_and_by_therapist_otherwise():
    assert scoped(None) == {"therapists": None, "cluster": "therapist"}
    assert scoped(()) == {"therapists": "|", "cluster": "therapist"}
    assert scoped(("T1",)) == {"therapists": "|T1|", "cluster": "course"}
    assert scoped(("T1", "T2")) == {"therapists": "|T1|T2|", "cluster": "therapist"}


def test_a_code_that_would_match_another_is_not_bound():
    for codes in (("",), ("T1|T2",), ("T1", "|")):
        with pytest.raises(NotAllowed):
            bound(codes)


def test_a_scope_is_narrowed_and_never_widened():
    viewer = Viewer("s", "supervisor", supervises=("T2", "T1"))

    assert narrowed(viewer, []) == ("T1", "T2") and narrowed(viewer, ["T2", "T2"]) == ("T2",)
    assert within(viewer, ("T1",)) and within(viewer, ()) and not within(viewer, None) and not within(viewer, ("T1", "T3"))
    assert within(DIRECTOR, None) and not within(DIRECTOR, ("T1",)) and not within(DIRECTOR, ())


@pytest.mark.parametrize(
    ("role", "therapist", "supervises"),
    [("therapist", "T1", ("T2",)), ("director", None, ("T1",)), ("analyst", None, ("T1",)), ("director", "T1", ()), ("supervisors", None, ())],
)
def test_a_viewer_who_would_see_too_much_cannot_be_made(role, therapist, supervises):
    with pytest.raises(NotAllowed):
        Viewer("somebody", role, therapist, supervises=supervises)


def test_what_a_viewer_sees_is_said_without_a_code():
    def sees(*given, **named):
        return Viewer("x", *given, **named).sees

    assert sees("director") == "whole clinic" and sees("therapist", "T1") == "own courses"
    assert sees("supervisor", supervises=("T1", "T2", "T3")) == "the courses of 3 therapists you supervise"
    assert sees("supervisor", supervises=("T1",)) == "the courses of 1 therapist you supervise"
    assert sees("supervisor", "T1", supervises=("T1", "T2")) == "own courses and those of 1 therapist you supervise"
    assert sees("supervisor", "T1") == "own courses"
    assert sees("supervisor") == "no courses: nobody is named whom you supervise"
