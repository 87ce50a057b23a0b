"""Figures made ahead: each is handed out once. That they hold nobody's data is tested beside every figure: tests/charts/test_charts.py."""

from __future__ import annotations

from process.charts import CHARTS
from process.charts.ready import Ready


def test_a_waiting_figure_is_handed_out_once():
    ready = Ready(most=2)
    ready.offer("endings", CHARTS["endings"].blank)
    while ready.make_one():
        pass

    taken = [ready.take("endings") for _ in range(4)]

    assert len({id(drawing) for drawing in taken}) == 4
    assert len({drawing.figure.id for drawing in taken}) == 4


def test_a_figure_is_made_when_none_waits():
    ready = Ready()
    made = []
    ready.offer("endings", lambda: made.append("endings") or len(made))

    assert ready.take("endings") == 1 and ready.take("endings") == 2


def test_the_figure_of_which_fewest_wait_is_made_first_until_enough_wait():
    ready = Ready(most=2)
    made = []
    for name in ("goals", "alliance"):
        ready.offer(name, lambda name=name: made.append(name) or name)
    while ready.make_one():
        pass
    assert sorted(made[:2]) == ["alliance", "goals"] and sorted(made) == ["alliance", "alliance", "goals", "goals"]

    ready.take("goals")

    assert ready.make_one() and made[-1] == "goals"
    assert not ready.make_one()


def test_more_than_usual_can_be_made_to_wait():
    ready = Ready(most=1)
    made = []
    ready.offer("goals", lambda: made.append("goals") or "goals")
    while ready.make_one():
        pass
    assert made == ["goals"]

    while ready.make_one(3):
        pass

    assert made == ["goals"] * 3 and not ready.make_one()
