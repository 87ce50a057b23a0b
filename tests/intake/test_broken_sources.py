"""Workbooks and resources with bytes changed, cut off or made up: refused in words, or read as something sound; nothing else is ever raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake import sources
from tests.intake.test_workbook import book

from process import demo, intake
from process.errors import UserError

QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(path: Path, mapping: str | None = None) -> intake.Intake | UserError:
    try:
        return intake.read([path], mapping)
    except UserError as refused:
        return refused


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return book(tmp_path_factory.mktemp("sound") / "clinic.xlsx").read_bytes()


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    resources = sources.fhir(sources.texts(demo.simulate(demo.Settings(courses=2, therapists=1))))
    folder = sources.write_ndjson(resources, tmp_path_factory.mktemp("lines"))
    return (folder / "Encounter.ndjson").read_bytes()


@QUICK
@given(st.data())
def test_a_workbook_with_changed_bytes_is_refused_or_gives_the_tables_it_held(sound, tmp_path, data):
    broken = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 20))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del broken[data.draw(st.integers(0, len(broken))) :]
    path = tmp_path / "clinic.xlsx"
    path.write_bytes(broken)

    found = outcome(path)

    if isinstance(found, intake.Intake):
        for entry in found.report.tables:
            assert entry.kept == len(found.records[entry.table])


@QUICK
@given(st.binary(max_size=400), st.booleans())
def test_made_up_bytes_are_no_workbook_and_no_resources(tmp_path, content, as_zip):
    for name, mapping in (("clinic.xlsx", None), ("Encounter.ndjson", "fhir_r4")):
        path = tmp_path / name
        path.write_bytes((b"PK\x03\x04" if as_zip else b"") + content)

        assert isinstance(outcome(path, mapping), UserError)


@QUICK
@given(st.data())
def test_resources_with_changed_bytes_are_refused_or_read_and_their_lines_counted(lines, tmp_path, data):
    broken = bytearray(lines)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "Encounter.ndjson"
    path.write_bytes(broken)

    assert isinstance(outcome(path, "fhir_r4"), UserError), "without courses no load is whole"
