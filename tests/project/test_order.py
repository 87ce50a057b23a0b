"""Where several processes share the tests, nothing is named that is not there, and the browser's tests stay with their one server."""

from __future__ import annotations

import pytest
from tests import order


def test_everything_that_begins_early_is_there(root):
    assert [lot for lot in order.LONGEST if not (root / lot).exists()] == []
    assert len(set(order.LONGEST)) == len(order.LONGEST)


def test_the_browsers_tests_are_one_lot_and_begin_first(root):
    files = [path.relative_to(root).as_posix() for path in (root / "tests" / "browser").glob("test_*.py")]

    assert len(files) > 5
    assert {order.lot(f"{file}::test_a_page[goals::x]") for file in files} == {order.BROWSER}
    assert {order.place(f"{file}::test_a_page") for file in files} == {0}


def test_the_deployed_servers_tests_are_one_lot(root):
    files = [path.relative_to(root).as_posix() for path in (root / "tests" / "deploy").glob("test_*.py")]

    assert len(files) > 2 and {order.lot(f"{file}::test_it") for file in files} == {order.DEPLOY}


@pytest.mark.parametrize("file", ["tests/project/test_order.py", order.LONGEST[0], "tests/browserlike/test_x.py"])
def test_any_other_file_is_a_lot_of_its_own(file):
    assert order.lot(f"{file}::test_one[tests/browser::x]") == order.lot(f"{file}::Group::test_two") == file


def test_the_longest_begin_before_what_is_not_named():
    places = [order.place(f"{file}::test_it") for file in (*order.LONGEST, "tests/project/test_order.py")]

    assert places == sorted(set(places)) and places[0] > 0
