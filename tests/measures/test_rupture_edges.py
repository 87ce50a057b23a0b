"""Ruptures at the edges, by hand: in the last session, on the first day, repaired after the last session, without a fall, in sessions nobody attended."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from process.measures import catalogue, possible_ruptures
from process.measures.dips import dips

AS_OF = pd.Timestamp("2026-11-16")


class Clinic:
    """Records written one course at a time."""

    def __init__(self):
        self.tables = {name: [] for name in ("courses", "sessions", "scores", "ruptures", "rupture_steps")}

    def course(self, name, scores, ending="planned", therapist="T1", form=("wai_sr", "5_point"), missed=(), reviewed="both"):
        """Scores on the form, a session each; None = no score; sessions in `missed` did not take place."""
        self.tables["courses"].append({"course_id": name, "patient_id": f"P{name}", "therapist_id": therapist, "ending": ending})
        for number, score in enumerate(scores, start=1):
            attendance = "missed" if number in missed else "attended"
            self.tables["sessions"].append({"course_id": name, "session_number": number, "attendance": attendance, "rupture_reviewed": reviewed})
            if score is not None:
                row = {"course_id": name, "session_number": number, "instrument": form[0], "form": form[1], "rater": "patient", "value": float(score)}
                self.tables["scores"].append(row)
        return self

    def rupture(self, course, session, *steps, theme=None):
        """Steps as (step, by, session)."""
        name = f"R{len(self.tables['ruptures'])}"
        row = {"rupture_id": name, "course_id": course, "session_number": session, "kind": "withdrawal", "moved_by": "patient", "noticed_by": "therapist"}
        self.tables["ruptures"].append(row | {"source": "note", "theme": theme})
        self.tables["rupture_steps"] += [{"rupture_id": name, "session_number": at, "step": step, "by": by} for step, by, at in steps]
        return self

    def records(self):
        found = {name: pd.DataFrame(rows) for name, rows in self.tables.items() if rows}
        return found | {"manifest": pd.DataFrame({"as_of": [AS_OF], "clinic": ["Made up"], "source": ["tests"], "origin": ["simulated"]})}


REPAIR = (("acknowledged", "patient"), ("acknowledged", "therapist"), ("repaired", "patient"))


def repaired(*sessions):
    return [(step, by, at) for (step, by), at in zip(REPAIR, sessions, strict=True)]


@pytest.fixture
def ask(opened, parameters):
    def answer(clinic, name):
        measure = catalogue.measure(name)
        return measure.answer(measure.prepare(opened(clinic.records()), **parameters()), (0, 999))

    return answer


def waits(result):
    table = result.table.set_index(["since", "fate"])
    return {(since, fate): round(float(row["share"]), 6) for (since, fate), row in table.iterrows()}, table["at_risk"].groupby("since").first().to_dict()


def test_a_rupture_in_the_last_session_of_an_ended_course_ends_at_nought(ask):
    shares, at_risk = waits(ask(Clinic().course("A", [40, 40, 30]).rupture("A", 3), "time_to_repair"))
    assert shares == {(0, "repaired"): 0.0, (0, "ended"): 100.0} and at_risk == {0: 1}


def test_a_course_that_goes_on_is_followed_and_not_ended(ask):
    clinic = Clinic().course("A", [40] * 4, ending="still_going").rupture("A", 2).course("B", [40] * 4, ending="unknown").rupture("B", 2)
    shares, at_risk = waits(ask(clinic, "time_to_repair"))
    assert set(shares.values()) == {0.0} and at_risk == {0: 2, 1: 2, 2: 2}


def test_a_repair_needs_both_and_counts_at_the_latest_of_the_three(ask):
    clinic = Clinic().course("A", [40] * 8).rupture("A", 2, *repaired(2, 5, 3))
    clinic.course("B", [40] * 8).rupture("B", 2, ("acknowledged", "therapist", 2), ("repaired", "therapist", 3))
    shares, _ = waits(ask(clinic, "time_to_repair"))
    steps = ask(clinic, "repair_steps").table.set_index("step")["ruptures"].to_dict()

    assert shares[2, "repaired"] == 0 and shares[3, "repaired"] == 50 and shares[6, "ended"] == 50
    assert (steps["repaired_step"], steps["repaired"], steps["acknowledged_by_both"], steps["left_open"]) == (2, 1, 1, 1)


def test_a_repair_after_the_last_attended_session_counts_there(ask):
    clinic = Clinic().course("A", [40, 40, 40, None], missed=(4,)).rupture("A", 2, *repaired(2, 2, 4))
    shares, _ = waits(ask(clinic, "time_to_repair"))
    assert shares == {(0, "repaired"): 0.0, (0, "ended"): 0.0, (1, "repaired"): 100.0, (1, "ended"): 0.0}


def test_a_rupture_in_a_session_nobody_attended_has_a_kind_and_no_time(ask):
    clinic = Clinic().course("A", [40, None, 40], missed=(2,)).rupture("A", 2)
    assert ask(clinic, "rupture_kinds").table["ruptures"].tolist() == [1]
    assert ask(clinic, "time_to_repair").table.empty
    assert ask(clinic, "repair_and_recovery").table["repair_and_score"].tolist() == ["not_repaired_not_scored"]


@pytest.mark.parametrize(
    ("scores", "group"),
    [
        ([36, 36, 36, 36, 36], "never_fell"),
        ([36, 36, 36, 40, 30], "never_fell"),  # what falls later did not fall at the rupture
        ([36, 36, 36, 28, 34], "recovered"),  # back at 36 - 8/4
        ([36, 36, 36, 28, 33], "not_recovered"),
        ([36, 36, 36, 28, 20, 32], "recovered"),  # the trough is 20: back at 36 - 16/4
        ([36, 36, 36, 28, 33, 20, 32], "recovered"),
        ([36, 36, 36, 28], "not_recovered"),
        ([36, 36, 36, None, 20], "not_scored"),
        ([None, None, None, 28, 36], "not_scored"),
    ],
    ids=str,
)
def test_whether_a_score_came_back(ask, scores, group):
    table = ask(Clinic().course("A", scores).rupture("A", 4, *repaired(4, 4, 4)), "repair_and_recovery").table
    assert table["repair_and_score"].tolist() == [f"repaired_{group}"]


def test_a_session_nobody_looked_at_is_neither_with_nor_without(ask):
    clinic = Clinic().course("A", [40] * 3, reviewed="no").course("B", [40] * 2).rupture("B", 2).course("C", [40], reviewed=None)
    result = ask(clinic, "rupture_review")

    assert result.table.set_index("looked")["sessions"].to_dict() == {"rupture_found": 1, "none_found": 1, "nobody_looked": 3, "not_recorded": 1}
    assert result.headlines.loc["looked", "estimate"] == pytest.approx(40) and result.headlines.loc["found", "estimate"] == pytest.approx(50)


def test_the_same_theme_twice_recurs_and_no_theme_never_does(ask):
    clinic = Clinic()
    for name, themes in {"A": ["x", "x"], "B": [None, None], "C": [None] * 3, "D": ["x"], "E": ["x", "y"]}.items():
        clinic.course(name, [40] * 4)
        for session, theme in enumerate(themes, start=1):
            clinic.rupture(name, session, theme=theme)
    assert ask(clinic, "recurring_ruptures").table.set_index("recurrence")["courses"].to_dict() == {"one": 1, "two": 2, "three_or_more": 1, "same_theme": 1}


def test_too_short_to_tell_is_counted_apart_and_in_neither_share(ask):
    clinic = Clinic().course("A", [40, 40]).course("B", [40, 41, 40, 20]).course("C", [40, 41, 40, 41]).course("D", [None, None])
    result = ask(clinic, "dips_by_rule")
    row = result.table.set_index("rule").loc["drop_1sd"]

    assert (row["courses"], row["with_dip"], row["share"]) == (2, 1, 50)
    assert result.notes["too_short_drop_1sd"] == 1 and result.notes["not_read_drop_1sd"] == 0
    assert result.notes["not_read_srs_cutoff"] == 3  # D has no score at all


def test_courses_whose_scores_are_all_equal_raise_nothing(ask):
    clinic = Clinic()
    for number in range(4):
        clinic.course(f"C{number}", [40] * 6)
    assert (ask(clinic, "dips_by_rule").table["with_dip"] == 0).all()


def test_the_srs_rule_reads_srs_scores_also_where_another_form_counts(opened):
    clinic = Clinic().course("A", [40, 40, 40, 40], form=("wai_sr", "5_point"))
    clinic.tables["scores"] += [
        {"course_id": "A", "session_number": at, "instrument": "srs", "form": "standard", "rater": "patient", "value": score}
        for at, score in ((1, 38.0), (2, 38.0), (3, 35.0), (4, 38.0))
    ]
    query = opened(clinic.records())

    stored = query("select * from dips").to_dict("records")
    sessions = query("select * from dip_sessions order by attended_rank")

    assert [(row["rule"], row["onset_rank"], row["returned_rank"], row["magnitude"]) for row in stored] == [("srs_cutoff", 3, 4, pytest.approx(7.5))]
    assert sessions["srs_cutoff"].tolist() == [0, 0, 1, 0] and sessions["drop_1sd"].tolist() == [0, 0, 0, 0]


def test_a_reliable_fall_takes_the_clinics_spread_where_the_registry_has_none(opened):
    # first scores 30 and 50 of 12 to 60: SD 14.142 raw, 29.463 POMP; reliability .80: 1.96 * sqrt(2) * 29.463 * sqrt(.2) = 36.52 POMP = 17.53 raw
    clinic = Clinic().course("A", [50, 33, 50]).course("B", [30, 50, 32])
    query = opened(clinic.records())
    parameters = query("select * from clinic_parameters")

    changes = possible_ruptures.reliable_changes(query, parameters)
    stored = query("select course_id, onset_rank from dips where rule = 'reliable_drop'").to_dict("records")

    assert changes["wai_sr", "5_point"] == pytest.approx(1.96 * math.sqrt(2) * (math.sqrt(200) / 0.48) * math.sqrt(0.2))
    assert stored == [{"course_id": "B", "onset_rank": 3}]  # 18 raw points; the 17 of A are not enough
    assert math.isnan(changes["srs", "standard"])  # nobody was rated on it


def test_equal_earlier_scores_give_a_chart_of_no_width_that_raises_nothing():
    assert dips([70, 70, 70, 69, 70], "xmr", causal=1) == []
    assert [one.onset for one in dips([70, 70, 71, 70, 60], "xmr", causal=1)] == [5]
