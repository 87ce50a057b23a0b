"""A load says exactly what it changes, and what holds less than everything is held against the rows of the store that it hangs on."""

from __future__ import annotations

import pandas as pd
import pytest

from process import store
from process.errors import FileRefused, SettingWrong
from process.loading import changes, incremental
from process.measures.publishing import publish


def compared(folder, records, mode="replace", **options) -> changes.Changes:
    with changes.compare(folder, records, mode, **options) as comparison:
        return comparison.changes


def part(whole, **tables) -> dict[str, pd.DataFrame]:
    """A delivery of some tables beside the manifest."""
    return {"manifest": whole["manifest"], **tables}


def new_sessions(whole, many: int = 3, number: int = 900) -> pd.DataFrame:
    """Appointments that the first courses have not had yet."""
    first = whole["sessions"].drop_duplicates("course_id").head(many)
    return first.assign(session_number=number, week=pd.NaT, day=pd.NA)


def counts(entry: changes.TableChanges) -> tuple[int, int, int, int]:
    return entry.added, entry.corrected, entry.removed, entry.unchanged


def test_a_first_load_adds_everything(tmp_path, whole):
    found = compared(tmp_path / "new", whole)

    assert found.before == "" and not found.nothing and found.share == 1.0
    assert all(counts(entry) == (len(whole[entry.table]), 0, 0, 0) for entry in found.tables)


def test_the_same_files_again_change_nothing_and_make_no_generation(folder, whole):
    before = store.generations(folder)

    with changes.compare(folder, whole) as comparison:
        assert comparison.changes.nothing
        assert incremental.publish(folder, comparison) is None
    assert store.generations(folder) == before


def test_nor_do_they_with_rows_in_another_order_and_codes_as_categories(folder, whole):
    shuffled = {name: table.sample(frac=1.0, random_state=5) for name, table in whole.items()}
    for table in shuffled.values():
        for column in table.columns.intersection(["course_id", "goal_id", "attendance", "rater"]):
            table[column] = table[column].astype("category")

    found = compared(folder, shuffled)

    assert found.nothing
    assert found.table("scores").unchanged == len(whole["scores"])


def test_a_replace_load_counts_rows_that_come_go_and_change(folder, whole):
    records = dict(whole)
    records["scores"] = whole["scores"].iloc[3:]
    records["courses"] = whole["courses"].assign(planned_sessions=whole["courses"]["planned_sessions"].where(whole["courses"].index != 7, 77))
    records["sessions"] = pd.concat([whole["sessions"], new_sessions(whole)], ignore_index=True)

    found = compared(folder, records)

    assert counts(found.table("scores")) == (0, 0, 3, len(whole["scores"]) - 3)
    assert counts(found.table("courses")) == (0, 1, 0, len(whole["courses"]) - 1)
    assert counts(found.table("sessions")) == (3, 0, 0, len(whole["sessions"]))
    courses = {*whole["scores"]["course_id"].head(3), whole["courses"]["course_id"][7], *new_sessions(whole)["course_id"]}
    assert found.courses == len(courses)


def test_a_replace_load_without_a_table_takes_its_rows_out(folder, whole):
    found = compared(folder, {name: table for name, table in whole.items() if name not in ("ruptures", "rupture_steps")})

    assert counts(found.table("ruptures")) == (0, 0, len(whole["ruptures"]), 0)


def test_a_missing_value_and_a_value_differ_and_two_missing_values_do_not(folder, whole):
    records = whole | {"sessions": whole["sessions"].assign(rupture_reviewed=None)}

    found = compared(folder, records).table("sessions")

    told = int(whole["sessions"]["rupture_reviewed"].notna().sum())
    assert counts(found) == (0, told, 0, len(whole["sessions"]) - told)


def test_adding_finds_its_parents_in_the_store(folder, whole):
    sessions = new_sessions(whole)
    scores = whole["scores"].head(1).assign(course_id=sessions["course_id"].iloc[0], session_number=900)

    with changes.compare(folder, part(whole, sessions=sessions, scores=scores), "add") as comparison:
        assert comparison.refused == {}
        assert counts(comparison.changes.table("scores")) == (1, 0, 0, 0)
        assert counts(comparison.changes.table("sessions")) == (3, 0, 0, 0)
        held = comparison.records()

    assert len(held["sessions"]) == len(whole["sessions"]) + 3 and len(held["goals"]) == len(whole["goals"])


def test_adding_what_is_there_already_changes_nothing(folder, whole):
    found = compared(folder, part(whole, scores=whole["scores"].tail(50), goal_ratings=whole["goal_ratings"].head(9)), "add")

    assert found.nothing and found.table("scores").unchanged == 50


def test_adding_refuses_rows_with_other_content_by_table_count_and_column_without_a_value(folder, whole):
    scores = whole["scores"].head(2).assign(value=1.0)
    goals = whole["goals"].head(1).assign(area="elsewhere", weight=3.0)

    with pytest.raises(FileRefused) as refusal:
        compared(folder, part(whole, scores=scores, goals=goals), "add")

    said = str(refusal.value)
    assert "2 of table `scores` (column value)" in said and "1 of table `goals` (columns area, weight)" in said and "--correct" in said
    assert not any(word in said for word in ("elsewhere", whole["goals"]["goal_id"][0], whole["scores"]["course_id"][0]))


def test_correcting_puts_rows_in_the_place_of_earlier_ones_and_leaves_columns_alone_that_a_file_does_not_have(folder, whole):
    course = whole["courses"].iloc[[5]]
    records = part(whole, courses=course[["course_id", "patient_id", "therapist_id"]].assign(ending="moved_on"))

    with changes.compare(folder, records, "correct") as comparison:
        assert counts(comparison.changes.table("courses")) == (0, 1, 0, 0)
        held = comparison.records()["courses"].set_index("course_id").loc[course["course_id"].iloc[0]]

    assert held["ending"] == "moved_on"
    assert held["problem"] == course["problem"].iloc[0] and pd.Timestamp(held["start_week"]) == course["start_week"].iloc[0]


def test_rows_that_hang_on_nothing_are_refused_with_their_reason_and_the_others_are_kept(folder, whole):
    sessions = new_sessions(whole)
    scores = whole["scores"].head(2).assign(session_number=[901, 900], course_id=sessions["course_id"].iloc[0])
    ratings = whole["goal_ratings"].head(1).assign(goal_id="nobody")

    with changes.compare(folder, part(whole, sessions=sessions.assign(course_id=["none", *sessions["course_id"][1:]]), goal_ratings=ratings), "add") as found:
        assert found.refused == {"sessions": {"its course is not there": 1}, "goal_ratings": {"its goal is not there": 1}}
        assert counts(found.changes.table("sessions")) == (2, 0, 0, 0)
    with changes.compare(folder, part(whole, sessions=sessions, scores=scores), "add") as found:
        assert found.refused == {"scores": {"its session is not there": 1}}


def test_a_correction_that_cannot_be_leaves_the_earlier_row_in_its_place(folder, whole):
    gas = whole["goals"].loc[whole["goals"]["scale"] == "gas", "goal_id"]
    rating = whole["goal_ratings"][whole["goal_ratings"]["goal_id"].isin(gas)].head(1)

    with changes.compare(folder, part(whole, goal_ratings=rating.assign(level=9)), "correct") as comparison:
        assert comparison.refused == {"goal_ratings": {"level outside its goal's scale": 1}}
        assert comparison.changes.nothing
        assert len(comparison.records()["goal_ratings"]) == len(whole["goal_ratings"])


def test_a_correction_that_rows_of_the_store_would_contradict_is_refused_whole(folder, whole):
    last = whole["goal_ratings"].groupby("goal_id")["session_number"].max()
    goals = whole["goals"][whole["goals"]["fate"] == "open"]
    goal = goals[goals["goal_id"].map(last) > goals["agreed_session"]].head(1)

    with pytest.raises(FileRefused, match=r"table `goal_(ratings|reviews)` that the store holds would contradict .*after its goal was closed"):
        compared(folder, part(whole, goals=goal.assign(fate="dropped", closed_session=goal["agreed_session"])), "correct")


def test_a_successor_is_found_in_a_course_that_the_load_does_not_touch(folder, whole):
    goal = whole["goals"][whole["goals"]["fate"] == "open"].head(1)
    elsewhere = whole["goals"].loc[whole["goals"]["course_id"] != goal["course_id"].iloc[0], "goal_id"].iloc[-1]
    replaced = goal.assign(goal_id="new one", fate="replaced", closed_session=goal["agreed_session"] + 1, replaced_by=elsewhere)

    with changes.compare(folder, part(whole, goals=replaced), "add") as comparison:
        assert comparison.refused == {}
        assert counts(comparison.changes.table("goals")) == (1, 0, 0, 0)


def test_records_older_than_the_store_are_refused_unless_a_replace_load_says_so(folder, whole):
    older = whole | {"manifest": whole["manifest"].assign(as_of=whole["manifest"]["as_of"] - pd.Timedelta(days=1))}

    for mode in changes.MODES:
        with pytest.raises(FileRefused, match="older than what is served"):
            compared(folder, older, mode)
    assert compared(folder, older, older=True).also == (changes.STATED,)


def test_a_later_day_is_a_change_even_where_nothing_happened(folder, whole):
    later = part(whole) | {"manifest": whole["manifest"].assign(as_of=whole["manifest"]["as_of"] + pd.Timedelta(days=7))}

    found = compared(folder, later | {"scores": whole["scores"].head(0)}, "add")

    assert not found.nothing and found.courses == 0


@pytest.mark.parametrize("column", ["clinic", "source", "origin"])
def test_what_is_added_is_of_the_same_clinic_source_and_origin(folder, whole, column):
    other = {"manifest": whole["manifest"].assign(**{column: "real" if column == "origin" else "another"}), "scores": whole["scores"]}

    with pytest.raises(FileRefused, match=f"another {column}"):
        compared(folder, other, "add")
    assert not compared(folder, whole | other).nothing


@pytest.mark.parametrize("mode", ["add", "correct"])
def test_nothing_is_added_to_an_empty_store(tmp_path, whole, mode):
    with pytest.raises(SettingWrong, match="holds nothing yet"):
        compared(tmp_path / "new", whole, mode)


def test_another_registry_of_instruments_is_a_change(folder, whole):
    forms = store.own_instruments(folder).forms

    assert compared(folder, whole, forms=forms).nothing
    assert compared(folder, whole, forms=forms[1:]).also == (changes.REGISTRY,)


def test_a_load_that_was_compared_with_another_generation_is_refused(folder, whole):
    from process.errors import StoreProblem

    with changes.compare(folder, whole | {"scores": whole["scores"].iloc[1:]}) as comparison:
        publish(folder, whole | {"scores": whole["scores"].iloc[2:]})
        served = store.current(folder).name
        with pytest.raises(StoreProblem, match="published meanwhile"):
            incremental.publish(folder, comparison)
    assert store.current(folder).name == served
