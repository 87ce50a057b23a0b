"""Between and within: the parts add up, the future stays out of the past."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.measures.alliance import decompose

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 8), st.integers(0, 100) | st.just(math.nan)), max_size=25)

#   course session score | grand between within | earlier sessions' mean
TABLE = pd.DataFrame(
    {
        "course": ["a", "a", "a", "b", "b"],
        "session": [1, 2, 3, 1, 2],
        "score": [40.0, 50.0, 60.0, 70.0, 80.0],
        "between": [-10.0, -10.0, -10.0, 15.0, 15.0],
        "within": [-10.0, 0.0, 10.0, -5.0, 5.0],
        "earlier": [np.nan, 40.0, 45.0, np.nan, 70.0],
    }
)


def test_the_parts_of_a_small_table():
    found = decompose(TABLE, "score", "course", "session")

    assert list(found.columns) == ["grand_mean", "between", "within"]
    assert found["grand_mean"].tolist() == [60.0] * 5
    assert found["between"].tolist() == TABLE["between"].tolist()
    assert found["within"].tolist() == TABLE["within"].tolist()


def test_the_causal_parts_take_earlier_sessions_only():
    found = decompose(TABLE.sample(frac=1, random_state=4), "score", "course", "session", causal=True).sort_index()

    assert found["between"].tolist() == pytest.approx((TABLE["earlier"] - 60).tolist(), nan_ok=True)
    assert found["within"].tolist() == pytest.approx((TABLE["score"] - TABLE["earlier"]).tolist(), nan_ok=True)


def test_without_a_session_the_order_of_rows_is_that_of_sessions():
    assert decompose(TABLE, "score", "course", causal=True).equals(decompose(TABLE, "score", "course", "session", causal=True))


def test_two_scores_of_one_session_do_not_know_of_each_other():
    frame = pd.DataFrame({"course": "a", "session": [1, 2, 2, 3], "score": [10.0, 20.0, 40.0, 50.0]})

    within = decompose(frame, "score", "course", "session", causal=True)["within"]

    assert within.tolist() == pytest.approx([np.nan, 10.0, 30.0, 50 - 70 / 3], nan_ok=True)


def test_a_score_not_measured_counts_nowhere():
    frame = pd.DataFrame({"course": "a", "session": [1, 2, 3], "score": [10.0, np.nan, 40.0]})

    assert decompose(frame, "score", "course")["within"].tolist() == pytest.approx([-15.0, np.nan, 15.0], nan_ok=True)
    assert decompose(frame, "score", "course", "session", causal=True)["within"].tolist() == pytest.approx([np.nan, np.nan, 30.0], nan_ok=True)


def test_whole_numbers_with_gaps_are_taken():
    frame = TABLE.assign(score=TABLE["score"].astype("Int64"), session=TABLE["session"].astype("Int64"))
    frame.loc[1, "score"] = pd.NA

    assert decompose(frame, "score", "course", "session", causal=True).loc[2, "within"] == 20.0


def test_a_row_without_course_belongs_to_none():
    frame = TABLE.assign(course=["a", None, "a", "b", "b"])
    for causal in (False, True):
        assert decompose(frame, "score", "course", "session", causal).loc[1, ["between", "within"]].isna().all()


def test_one_score_is_all_between():
    found = decompose(TABLE.head(1), "score", "course")
    assert found.loc[0].tolist() == [40.0, 0.0, 0.0]


@pytest.mark.parametrize("causal", [False, True])
def test_an_empty_table_gives_an_empty_one(causal):
    found = decompose(TABLE.head(0), "score", "course", "session", causal)
    assert found.shape == (0, 3) and list(found.columns) == ["grand_mean", "between", "within"]


def test_no_score_at_all_gives_no_mean():
    assert decompose(TABLE.assign(score=np.nan), "score", "course").isna().all(axis=None)


def test_equal_scores_differ_in_nothing():
    found = decompose(TABLE.assign(score=0.1), "score", "course")
    assert (found["between"] == 0).all() and (found["within"] == 0).all()


def test_the_index_of_the_table_is_kept():
    frame = TABLE.set_index(pd.Index([9, 9, 3, 1, 0]))
    assert decompose(frame, "score", "course", "session", causal=True).index.tolist() == [9, 9, 3, 1, 0]


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no column `alliance`"):
        decompose(TABLE, "alliance", "course")


@given(ROWS, st.integers(-50, 50))
def test_the_parts_add_up_and_a_constant_moves_the_grand_mean_alone(rows, shift):
    frame = pd.DataFrame(rows, columns=["course", "session", "score"]).astype({"score": float})
    found = decompose(frame, "score", "course")
    moved = decompose(frame.assign(score=frame["score"] + shift), "score", "course")

    assert found.sum(axis=1, skipna=False).to_numpy() == pytest.approx(frame["score"].to_numpy(), nan_ok=True)
    assert found.groupby(frame["course"])["within"].sum().to_numpy() == pytest.approx(0, abs=1e-9)
    for part in ("between", "within"):
        assert moved[part].to_numpy() == pytest.approx(found[part].to_numpy(), nan_ok=True)


@given(ROWS, st.integers(1, 8))
def test_what_comes_later_changes_nothing_before(rows, session):
    frame = pd.DataFrame(rows, columns=["course", "session", "score"]).astype({"score": float, "session": int})
    early = frame["session"] <= session
    changed = frame.assign(score=frame["score"].where(early, 100 - frame["score"]))
    found, other = (decompose(each, "score", "course", "session", causal=True)["within"][early] for each in (frame, changed))

    assert other.to_numpy() == pytest.approx(found.to_numpy(), nan_ok=True)
    plain = [
        score - np.mean(before) if (before := [s for c, n, s in rows if c == course and n < number and not math.isnan(s)]) else math.nan
        for course, number, score in rows
        if number <= session
    ]
    assert found.to_numpy() == pytest.approx(np.array(plain), nan_ok=True)


@given(ROWS, st.integers(1, 8), st.integers(0, 100))
def test_no_part_of_an_earlier_session_rests_on_a_later_score(rows, session, later):
    frame = pd.DataFrame(rows, columns=["course", "session", "score"]).astype({"score": float, "session": int})
    early = frame["session"] <= session
    changed = frame.assign(score=frame["score"].where(early, float(later)))

    found, other = (decompose(each, "score", "course", "session", causal=True)[early] for each in (frame, changed))

    for parts in (found, other):
        first = frame[early]["session"] == frame[early].groupby("course")["session"].transform("min")
        assert parts.loc[first, "between"].isna().all()
    # the grand mean is the clinic's and is told apart from the course: what the course was worth before the session is the same
    earlier, after = (parts["grand_mean"] + parts["between"] for parts in (found, other))
    assert after.to_numpy() == pytest.approx(earlier.to_numpy(), nan_ok=True)
