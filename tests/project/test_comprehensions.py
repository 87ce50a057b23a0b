"""Nothing that Python 3.12.0 and 3.12.1 get wrong: there a comprehension's own name hides the module's from the next comprehension of the same function.

Those two releases inline comprehensions (PEP 709) and then raise UnboundLocalError where one binds a name and another of the function means the module's.
"""

from __future__ import annotations

import symtable
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INLINED = {"listcomp", "setcomp", "dictcomp"}
EXAMPLE = "number = str\ndef f(all):\n    place = {one: number for number, one in enumerate(all)}\n    return [number(one) for one in all], place\n"

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 12), reason="from 3.12 on the compiler shows no comprehensions by themselves: run on 3.11")


def hidden(table: symtable.SymbolTable) -> Iterator[str]:
    """Names that one comprehension of a function binds and another of it takes from the module."""
    inside = [child for child in table.get_children() if child.get_name() in INLINED]
    bound = {symbol.get_name() for child in inside for symbol in child.get_symbols() if symbol.is_local()}
    meant = {symbol.get_name() for child in inside for symbol in child.get_symbols() if symbol.is_global()}
    if table.get_type() == "function":
        yield from (f"{table.get_name()}, line {table.get_lineno()}: {name}" for name in sorted(bound & meant))
    for child in table.get_children():
        yield from hidden(child)


def test_the_search_finds_what_those_releases_fail_on():
    assert list(hidden(symtable.symtable(EXAMPLE, "example", "exec"))) == ["f, line 2: number"]


def test_no_function_uses_a_name_of_the_module_that_one_of_its_comprehensions_binds():
    found = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        found += [f"{path.relative_to(ROOT)}, {each}" for each in hidden(symtable.symtable(path.read_text(), str(path), "exec"))]

    assert found == []
