"""Surrogates: no code of the clinic's own is left anywhere, what belonged together still does, and the same load gives the same codes."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
from tests import clinics

from process.contract.tables import TABLES
from process.errors import FileRefused
from process.intake.codes.calendar import cut_courses, quarter
from process.intake.codes.surrogates import FORGOTTEN, HASHED, IDS, disguise
from process.intake.codes.table import Codes
from process.intake.report import Report, TableReport

WEEKS, QUARTERS = SimpleNamespace(dates="week"), SimpleNamespace(dates="quarter")
AS = {
    "str": lambda column: column.astype("str"),
    "category": lambda column: column.astype("category"),
    "arrow": lambda column: column.astype("string[pyarrow]"),
    "object": lambda column: column.astype("object"),
}


@pytest.fixture(scope="module")
def clinic():
    return clinics.demo(courses=60, therapists=5)


@pytest.fixture
def hidden(clinic):
    codes = Codes.new()
    return codes, *disguise(clinic, codes, WEEKS)


def id_columns(records):
    return [(name, column) for name, frame in records.items() for column in frame if column in IDS | HASHED]


def as_type(records, kind):
    return {name: frame.assign(**{column: AS[kind](frame[column]) for column in frame if column in IDS | HASHED}) for name, frame in records.items()}


def own_codes(records) -> set[str]:
    return {str(code) for name, column in id_columns(records) for code in records[name][column].dropna()}


def test_every_column_of_ids_of_the_contract_is_known_here():
    parents = {column for table in TABLES.values() for columns, _ in table.parents for column in columns if column != "session_number"}

    assert parents | {"patient_id", "therapist_id", "goal_id", "rupture_id"} == set(IDS | HASHED)
    assert {column.name for table in TABLES.values() for column in table.columns if column.name.endswith("_id")} <= set(IDS | HASHED)


@pytest.mark.parametrize("kind", AS)
def test_no_own_code_is_left_whatever_the_columns_are_made_of(clinic, kind):
    records = as_type(clinic, kind)
    for frame in records.values():
        for column in frame:
            if isinstance(frame[column].dtype, pd.CategoricalDtype):
                frame[column] = frame[column].cat.add_categories(["unused-own-code"])

    disguised, _ = disguise(records, Codes.new(), WEEKS)

    own = own_codes(clinic) | {"unused-own-code"}
    for name, column in id_columns(disguised):
        values = disguised[name][column]
        assert not own & set(values.cat.categories), (name, column)
        assert values.cat.categories.is_monotonic_increasing, "their order would tell something of the old ones"


@pytest.mark.parametrize("kind", AS)
def test_every_kind_of_column_gives_the_same_codes(clinic, kind):
    codes = Codes.new()
    plain, _ = disguise(clinic, codes, WEEKS)

    again, _ = disguise(as_type(clinic, kind), codes, WEEKS)

    for name, column in id_columns(plain):
        assert again[name][column].astype("object").where(again[name][column].notna(), None).tolist() == (
            plain[name][column].astype("object").where(plain[name][column].notna(), None).tolist()
        )


def test_what_belonged_together_still_does(clinic, hidden):
    codes, disguised, _ = hidden
    course, patient, therapist = (codes.displays[kind] for kind in ("course", "patient", "therapist"))
    goal, rupture = (codes.hashed(kind, own_codes(clinic)) for kind in ("goal", "rupture"))
    new = {"course_id": course, "patient_id": patient, "therapist_id": therapist, "goal_id": goal, "replaced_by": goal, "rupture_id": rupture}

    for name, frame in clinic.items():
        expected = frame.assign(**{column: frame[column].map(new[column]) for column in frame if column in new})
        order = list(TABLES[name].key) or list(frame.columns)
        plain = disguised[name].astype({column: "str" for column in frame if column in new})
        pd.testing.assert_frame_equal(expected.sort_values(order, ignore_index=True), plain.sort_values(order, ignore_index=True), check_dtype=False, obj=name)


def test_a_second_load_gives_the_same_codes_and_new_ones_only_to_new_people(clinic, hidden):
    codes, before, _ = hidden
    extra = clinic["courses"].iloc[[0]].assign(course_id="new-course", patient_id="new-patient")
    later = clinic | {"courses": pd.concat([clinic["courses"], extra], ignore_index=True)}

    after, account = disguise(later, Codes.from_bytes(codes.as_bytes()), WEEKS)

    assert set(before["courses"]["course_id"]) < set(after["courses"]["course_id"])
    pd.testing.assert_frame_equal(before["goals"].astype({"course_id": "str"}), after["goals"].astype({"course_id": "str"}))
    assert {note.what: note.count for note in account.notes if "first time" in note.what} == {
        "patients seen for the first time": 1,
        "courses seen for the first time": 1,
    }


def test_the_account_holds_counts_and_no_codes(clinic, hidden):
    codes, _, account = hidden

    counts = {note.what: note.count for note in account.notes}

    assert counts["courses under display codes"] == 60 == len(codes.displays["course"])
    assert counts["patients under display codes"] == clinic["courses"]["patient_id"].nunique()
    assert counts["goals under hashed codes"] == len(clinic["goals"])
    assert not any(code in str(account) for code in own_codes(clinic) | set(codes.displays["patient"].values()))


def test_rows_that_hang_on_a_course_nobody_names_get_a_code_that_is_kept_nowhere(clinic):
    codes = Codes.new()
    full, _ = disguise(clinic, codes, WEEKS)
    sessions = clinic["sessions"].iloc[:2].assign(course_id=[clinic["courses"]["course_id"].iloc[0], "from nowhere"])
    before = codes.as_bytes()

    part, _ = disguise({"manifest": clinic["manifest"], "sessions": sessions}, codes, WEEKS)

    assert part["sessions"]["course_id"].iloc[0] == codes.displays["course"][sessions["course_id"].iloc[0]]
    assert part["sessions"]["course_id"].iloc[1] not in set(full["courses"]["course_id"]) | {"from nowhere"}
    assert codes.as_bytes() == before


def test_rows_of_a_forgotten_patient_are_left_out_of_every_table_and_counted(clinic, hidden):
    codes, disguised, _ = hidden
    own = clinic["goals"].merge(clinic["courses"], on="course_id")["patient_id"].iloc[0]
    gone = set(clinic["courses"].loc[clinic["courses"]["patient_id"] == own, "course_id"])
    codes.forget("patient", codes.displays["patient"][own])

    left, account = disguise(clinic, codes, WEEKS)

    expected, cut = cut_courses(clinic, gone)
    assert {name: len(frame) for name, frame in left.items()} == {name: len(frame) for name, frame in expected.items()}
    assert account.refused == {name: {FORGOTTEN: count} for name, count in cut.items()} and {"courses", "sessions", "goals"} <= set(cut)
    assert set(left["courses"]["course_id"]) < set(disguised["courses"]["course_id"]), "nobody else's code changed"
    assert own not in codes.displays["patient"]


def test_rows_of_a_forgotten_course_are_left_out_of_a_load_without_courses(clinic, hidden):
    codes, _, _ = hidden
    row = clinic["courses"].iloc[0]
    codes.forget("patient", codes.displays["patient"][row["patient_id"]])

    left, account = disguise({"sessions": clinic["sessions"]}, codes, WEEKS)

    cut = len(clinic["sessions"]) - len(left["sessions"])
    assert cut >= (clinic["sessions"]["course_id"] == row["course_id"]).sum() > 0 and account.refused == {"sessions": {FORGOTTEN: cut}}


def test_a_load_of_nobody_but_the_forgotten_is_refused():
    records = clinics.counted(("t", 1, 2))
    codes = Codes.new()
    disguise(records, codes, WEEKS)
    codes.forget("patient", codes.displays["patient"]["P000"])

    with pytest.raises(FileRefused, match="No row of table `courses` is left"):
        disguise(records, codes, WEEKS)


def test_the_report_counts_what_was_left_out_as_refused(clinic, hidden):
    codes, _, account = hidden
    report = Report((TableReport("courses", "courses.csv", 60, {"odd": 1}),))
    codes.forget("patient", codes.displays["patient"][clinic["courses"]["patient_id"].iloc[0]])
    _, account = disguise(clinic, codes, WEEKS)

    told = account.told(report)

    assert told.table("courses").refused == {"odd": 1, FORGOTTEN: account.refused["courses"][FORGOTTEN]}
    assert told.note("patients under display codes") > 0


def test_with_quarters_no_week_is_left_and_days_are(clinic):
    disguised, account = disguise(clinic, Codes.new(), QUARTERS)

    assert not {"start_week", "last_contact_week", "week"} & {column for frame in disguised.values() for column in frame}
    dates = [(name, column) for name, frame in disguised.items() for column in frame if pd.api.types.is_datetime64_any_dtype(frame[column])]
    assert dates == [("manifest", "as_of")]
    assert disguised["sessions"]["day"].notna().any() and disguised["courses"]["start_quarter"].notna().any()
    assert sum(note.count for note in account.notes if "weeks dropped" in note.what) > len(clinic["sessions"]) // 2


def test_the_day_up_to_which_records_are_complete_becomes_the_end_of_its_quarter():
    records = clinics.counted(("t", 1, 2))

    for day, end in (("2026-01-01", "2026-03-31"), ("2026-03-31", "2026-03-31"), ("2026-11-16", "2026-12-31")):
        records["manifest"]["as_of"] = pd.Timestamp(day)
        coarse, _ = disguise(records, Codes.new(), QUARTERS)
        again, _ = disguise(coarse, Codes.new(), QUARTERS)
        assert coarse["manifest"]["as_of"].tolist() == again["manifest"]["as_of"].tolist() == [pd.Timestamp(end)]


def test_a_quarter_is_that_of_the_weeks_monday_and_one_handed_over_stays():
    weeks = pd.Series(pd.to_datetime(["2025-12-29", "2026-03-30", None, "2026-04-06"]), index=[3, 1, 4, 2])
    assert quarter(weeks).fillna("").tolist() == ["2025-Q4", "2026-Q1", "", "2026-Q2"]

    records = clinics.counted(("t", 2, 1))
    records["courses"] = records["courses"].assign(start_quarter=pd.Series([None, "2024-Q2"], dtype="str"))
    coarse, _ = disguise(records, Codes.new(), QUARTERS)
    assert sorted(coarse["courses"]["start_quarter"]) == ["2024-Q2", "2026-Q1"]
