"""Clinic-wide parameters: estimated from the whole clinic, once a quarter, stored with their version, the same for every viewer."""

from __future__ import annotations

import shutil
import statistics
from functools import cache

import numpy as np
import pandas as pd
import pytest
from tests.reference import courses
from tests.reference.clinics import clinic

from process import store
from process.access import open_records
from process.errors import SettingWrong, StoreProblem
from process.measures import derived, parameters
from process.measures.publishing import publish


def delivered(records: dict, **manifest: object) -> dict:
    return records | {"manifest": records["manifest"].assign(**manifest)}


def found(folder) -> pd.DataFrame:
    with store.DuckDBEngine.open(store.current(folder)) as engine:
        return parameters.stored(engine.query)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture(scope="module")
def one():
    return clinic(seed=11, courses=60)


@pytest.fixture(scope="module")
def another():
    return clinic(seed=12, courses=60)


@pytest.fixture(scope="module")
def begun(tmp_path_factory, one):
    """A store with the first clinic's parameters of a quarter; to be copied."""
    publish(folder := tmp_path_factory.mktemp("begun") / "store", delivered(one, as_of=pd.Timestamp("2026-10-05")))
    return folder


@pytest.fixture(scope="module")
def estimated(tmp_path_factory, another):
    """The spread that a new store of the other clinic gets as of a day."""

    @cache
    def spread(as_of):
        publish(folder := tmp_path_factory.mktemp("fresh") / "store", delivered(another, as_of=as_of))
        return parameters.value(found(folder), "within_course_sd", "patient")

    return spread


def test_the_spread_within_courses_is_the_pooled_one_of_the_whole_clinic(folder, one):
    publish(folder, one)
    squares, free, several = 0.0, 0, 0
    for course in courses.population(courses.plain(one), "so_far"):
        scores = [score for session, score in course.patient.items() if session >= 1]
        if len(scores) >= 2:
            squares += statistics.variance(scores) * (len(scores) - 1)
            free += len(scores) - 1
            several += 1
    row = found(folder).set_index(["parameter", "part"]).loc[("within_course_sd", "patient")]
    assert row["value"] == pytest.approx((squares / free) ** 0.5)
    assert row["courses"] == several > 20


def test_a_quarter_keeps_its_parameters_whatever_is_loaded_later_in_it(folder, begun, another):
    shutil.copytree(begun, folder)
    first = found(folder)
    publish(folder, delivered(another, as_of=pd.Timestamp("2026-12-28")))
    pd.testing.assert_frame_equal(found(folder), first)
    assert set(first["quarter"]) == {"2026-Q4"}


@pytest.mark.parametrize(
    ("later", "anew"),
    [
        ({"as_of": pd.Timestamp("2027-01-04")}, False),
        ({"as_of": pd.Timestamp("2026-12-28"), "clinic": "Another"}, False),
        ({"as_of": pd.Timestamp("2026-12-28"), "source": "another system"}, False),
        ({"as_of": pd.Timestamp("2026-12-28")}, True),
    ],
    ids=["the next quarter", "another clinic", "another source", "asked for"],
)
def test_parameters_are_estimated_anew_for(folder, begun, estimated, another, later, anew):
    shutil.copytree(begun, folder)
    before = parameters.value(found(folder), "within_course_sd", "patient")
    publish(folder, delivered(another, **later), anew=anew)
    after = parameters.value(found(folder), "within_course_sd", "patient")
    assert after != before
    assert after == estimated(later["as_of"])


def test_a_parameter_of_another_version_is_estimated_anew_and_the_rest_is_kept(one):
    def seven(query, so_far):
        return pd.DataFrame({"part": [""], "value": [7.0], "courses": [9], "therapists": [3]})

    def query(sql, **given):
        return pd.DataFrame({"as_of": [pd.Timestamp("2026-11-16")]})

    earlier = pd.DataFrame(
        {"parameter": ["within_course_sd"], "part": [""], "value": [5.0], "courses": [8], "therapists": [2], "version": [1], "quarter": ["2026-Q4"]}
    )
    kept = parameters.estimate(query, {"within_course_sd": seven}, earlier)
    anew = parameters.estimate(query, {"within_course_sd": seven}, earlier.assign(version=0))
    assert (kept["value"].tolist(), anew["value"].tolist()) == ([5.0], [7.0])


def test_a_clinic_without_scores_has_no_spread_and_still_loads(folder, one):
    publish(folder, {name: table for name, table in one.items() if name != "scores"})
    assert np.isnan(parameters.value(found(folder), "within_course_sd", "patient"))


def test_every_estimator_is_described_and_every_description_estimated():
    assert set(derived.ESTIMATORS) == set(parameters.described())
    for entry in parameters.described().values():
        assert len(entry.what.split()) >= 15 and entry.formula and entry.choices and entry.sources


def test_a_description_that_is_not_complete_is_refused_by_name(tmp_path):
    file = tmp_path / "spread.toml"
    file.write_text('name = "spread"', encoding="utf-8")
    with pytest.raises(SettingWrong, match="`spread.toml`: it needs exactly"):
        parameters._load(file)


def test_a_store_without_them_is_refused_with_what_to_do(folder, one):
    store.publish(folder, one)
    with pytest.raises(StoreProblem, match="load its files again with `therapy-process intake`"):
        open_records(folder)
