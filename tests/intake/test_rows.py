"""Rows that contradict other rows are refused with their reason, counted, and nothing else is lost."""

from __future__ import annotations

import pytest

from process import intake
from process.errors import FileRefused

GOALS = "goal_id,course_id,scale,set_by,area,agreed_session,closed_session,fate,replaced_by\n"
STEPS = "rupture_id,session_number,step,by\n"

REFUSED = [
    # spoilt tables, the table that loses rows, why, how many
    ({"rupture_steps": STEPS + "r1,1,repaired,patient\nr1,3,repaired,patient\n"}, "rupture_steps", {"before its rupture": 1}),
    ({"rupture_steps": STEPS + "r9,2,repaired,patient\n"}, "rupture_steps", {"its rupture is not there": 1}),
    ({"rupture_steps": STEPS + "r1,9,repaired,patient\n"}, "rupture_steps", {"its session is not there": 1}),
    ({"scores": "course_id,session_number,instrument,form,rater,value\nc1,9,srs,standard,patient,30\nc1,1,srs,standard,patient,30\n"}, "scores",
     {"its session is not there": 1}),
    ({"sessions": "course_id,session_number,attendance\nc1,1,attended\nc1,2,attended\nc1,3,attended\nc9,1,attended\n"}, "sessions",
     {"its course is not there": 1}),
    ({"sessions": "course_id,session_number,week,attendance\nc1,1,,attended\nc1,2,,attended\nc1,3,2026-03-30,attended\nc1,4,2026-04-06,attended\n"}, "sessions",
     {"dated after as_of": 1}),
    ({"goal_ratings": "goal_id,session_number,rater,level\ng2,1,patient,1\n"}, "goal_ratings", {"before its goal was agreed": 1}),
    ({"goal_ratings": "goal_id,session_number,rater,level\ng1,3,patient,1\ng1,2,patient,1\n"}, "goal_ratings", {"after its goal was closed": 1}),
    ({"goal_ratings": "goal_id,session_number,rater,level\ng1,1,patient,3\ng1,2,patient,2\n"}, "goal_ratings", {"level outside its goal's scale": 1}),
    ({"goal_ratings": "goal_id,session_number,rater,level\ng9,1,patient,1\ng2,9,patient,1\n"}, "goal_ratings",
     {"its goal is not there": 1, "its session is not there": 1}),
    ({"goals": GOALS + "g1,c1,gas,both,work,2,1,reached,\ng2,c1,gas,both,work,2,,open,\n"}, "goals", {"closed before it was agreed": 1}),
    ({"goals": GOALS + "g1,c1,gas,both,work,1,,reached,\ng2,c1,gas,both,work,2,2,open,\n"}, "goals", {"fate and closing session disagree": 2}),
    ({"goals": GOALS + "g1,c1,gas,both,work,1,2,replaced,g1\ng2,c1,gas,both,work,2,,open,\n"}, "goals", {"replaced by itself": 1}),
    ({"goals": GOALS + "g1,c1,gas,both,work,1,2,replaced,g2\ng2,c1,gas,both,work,2,3,replaced,g9\n"}, "goals", {"the goal that replaced it is not there": 2}),
    ({"ruptures": "rupture_id,course_id,session_number,kind,moved_by,noticed_by,source\nr1,c2,7,mixed,both,both,note\n"}, "ruptures",
     {"its session is not there": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("spoilt", "table", "reasons"), REFUSED)
def test_a_row_that_contradicts_another_is_refused_with_its_reason(clinic, spoilt, table, reasons):
    taken = intake.read([clinic(**spoilt)])

    entry = taken.report.table(table)
    assert entry.refused == reasons
    assert entry.rows_in == spoilt[table].count("\n") - 1
    assert entry.kept == len(taken.records[table]) == entry.rows_in - sum(reasons.values())


def test_what_hangs_on_a_refused_row_is_refused_too(clinic):
    taken = intake.read([clinic(ruptures="rupture_id,course_id,session_number,kind,moved_by,noticed_by,source\nr1,c2,7,mixed,both,both,note\n")])

    assert taken.report.table("rupture_steps").refused == {"its rupture is not there": 2}


def test_every_table_balances_whatever_is_refused(clinic):
    taken = intake.read([clinic(courses="course_id,patient_id,therapist_id,ending\nc2,p2,t2,unknown\n")])

    for entry in taken.report.tables:
        assert entry.rows_in == entry.kept + sum(entry.refused.values()), entry
        assert entry.kept == len(taken.records[entry.table]), entry
    assert taken.report.table("sessions").refused == {"its course is not there": 3}


def test_a_load_of_which_no_session_is_left_is_refused(clinic):
    with pytest.raises(FileRefused, match=r"No row of table `sessions` is left to load \(1 refused: its course is not there\)"):
        intake.read([clinic(sessions="course_id,session_number,attendance\nc9,1,attended\n")])
    with pytest.raises(FileRefused, match=r"No row of table `courses` is left to load \(there was none\)"):
        intake.read([clinic(courses="course_id,patient_id,therapist_id,ending\n")])
