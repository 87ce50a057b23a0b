"""The filter state and its link: each is the other's inverse, and a wrong value in a link is named while the rest is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.access import Cohort
from process.access.cohort import ATTRIBUTES, BASES, LONGEST
from process.contract.tables import ENDINGS
from process.errors import QuestionWrong

QUARTERS = [f"{year}-Q{quarter}" for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4)]
KNOWN = {
    "team": ["north", "south", "Team 2", "a.b/c-d_e"],
    "modality": ["cbt", "emotion_focused"],
    "problem": ["grief", "depression"],
    "ending": list(ENDINGS),
    "start": QUARTERS,
}
STATE = ("basis", "length", "start", *ATTRIBUTES)
SCRIPT = "<script>alert('x')</script>"

lengths = st.none() | st.tuples(st.integers(0, LONGEST), st.integers(0, LONGEST)).map(lambda ends: (min(ends), max(ends)))
starts = st.tuples(st.sampled_from(["", *QUARTERS]), st.sampled_from(["", *QUARTERS])).map(lambda ends: ends if "" in ends else (min(ends), max(ends)))
states = st.fixed_dictionaries(
    {"basis": st.sampled_from(BASES), "length": lengths, "start": starts} | {name: st.lists(st.sampled_from(KNOWN[name]), unique=True) for name in ATTRIBUTES}
)


def read(query: str, basis: str = "completed"):
    return Cohort.from_query(query, basis, KNOWN)


@given(states, st.sampled_from(BASES))
def test_a_link_restores_every_state(state, default):
    link = Cohort(**state).to_query(default)

    restored, problems = read(link, default)

    assert problems == []
    assert {name: getattr(restored, name) for name in STATE} == state | {name: sorted(state[name]) for name in ATTRIBUTES}
    assert restored.to_query(default) == link


@given(states)
def test_a_range_means_the_same_on_a_page_that_starts_from_another_basis(state):
    cohort = Cohort(**state | {"length": (9, 30)})

    elsewhere, _ = read(cohort.to_query("completed"), "so_far")

    assert (elsewhere.basis, elsewhere.length) == (cohort.basis, (9, 30))


def test_a_link_has_one_order_whatever_order_the_filters_were_set_in():
    cohort = Cohort(team=["south", "north"], ending=["planned"], start=("2024-Q1", ""), length=(9, LONGEST))

    assert cohort.to_query("completed") == "basis=completed&length=9-&team=north&team=south&ending=planned&from=2024-Q1"
    assert read("from=2024-Q1&ending=planned&team=south&team=north&team=south&length=9-")[0].to_query("completed") == cohort.to_query("completed")


def test_nothing_filtered_is_an_empty_link():
    assert Cohort().to_query("completed") == ""
    assert read("?")[0].to_query("completed") == "" and read("?")[1] == []


def test_reset_takes_every_filter_away():
    cohort = Cohort(basis="planned", length=(1, 3), start=("2024-Q1", "2024-Q2"), team=["north"], modality=["cbt"], problem=["grief"], ending=["planned"])

    cohort.reset("so_far")

    assert cohort.to_query("so_far") == "" and cohort.basis == "so_far"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("colour=red", "`colour` is not a filter, so it was left out. Known are: `basis`"),
        ("taem=north", "`taem` is not a filter, so it was left out. Did you mean `team`?"),
        ("team=nort", "`nort` is not a team in these records, so it was left out. Did you mean `north`?"),
        ("ending=over", "`over` is not an ending in these records"),
        ("basis=complete", "`complete` is not a basis"),
        ("length=30-9", "`length=30-9` is not a range of sessions"),
        ("length=nine", "`length=nine` is not a range of sessions"),
        ("length=-5", "`length=-5` is not a range of sessions"),
        ("length=1-99999", "`length=1-99999` is not a range of sessions"),
        ("from=2024-Q5", "`from=2024-Q5` is not a quarter, so it was left out. Write it like `2025-Q2`."),
        ("to=2024", "`to=2024` is not a quarter"),
        ("from=2024-Q1%0A", "`from=2024-Q1?` is not a quarter"),
        ("from=1999-Q1", "`1999-Q1` is not a quarter in these records, so it was left out."),
        ("from=2026-Q1&to=2024-Q1", "The start period ends (2024-Q1) before it begins (2026-Q1); it was left out."),
    ],
)
def test_a_wrong_value_is_named_and_the_rest_is_kept(wrong, named):
    cohort, problems = read(f"modality=cbt&{wrong}&problem=grief")

    assert len(problems) == 1 and problems[0].startswith(named)
    assert cohort.to_query("completed") == "modality=cbt&problem=grief"


def test_every_wrong_value_of_a_link_is_named():
    _, problems = read("team=x1&team=x2&length=z&from=q&colour=1")

    assert len(problems) == 5


@pytest.mark.parametrize("place", [*ATTRIBUTES, "basis", "length", "from", "to"])
def test_script_in_a_link_is_never_repeated_as_it_is(place):
    _, (problem,) = read(f"{place}={SCRIPT}")

    assert "<" not in problem and ">" not in problem and "'" not in problem


def test_script_as_the_name_of_a_filter_is_never_repeated_as_it_is():
    _, (problem,) = read(f"{SCRIPT}=1")

    assert "<" not in problem and "script" in problem


@given(st.text(max_size=80))
def test_no_link_whatever_breaks_the_page(text):
    cohort, problems = read(text)

    assert read(cohort.to_query("completed"))[1] == []
    assert all("<" not in problem for problem in problems)


def test_a_code_that_no_code_can_be_is_refused_before_it_reaches_the_query():
    with pytest.raises(QuestionWrong, match="is not a code"):
        Cohort(team=["a|b"]).parameters()
