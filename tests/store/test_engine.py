"""An open generation answers questions and does nothing else, from any number of threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import duckdb
import pandas as pd
import pytest

from process.errors import NotAllowed
from process.store import DuckDBEngine, publish


@pytest.fixture(scope="module")
def engine(tmp_path_factory, records):
    """One for all: a test that could change it would be a finding, and fail the next."""
    with DuckDBEngine.open(publish(tmp_path_factory.mktemp("engine") / "it's a store", records(40))) as opened:
        yield opened


def test_values_are_bound_never_pasted(engine):
    found = engine.query(
        "select count(*) as n from sessions where course_id = $course and (week >= $since or $all)", course="c1' or 1=1", since=date(2026, 1, 1), all=True
    )
    since = engine.query("select count(*) as n from sessions where week >= $since", since=date(2026, 1, 12))

    assert found["n"].tolist() == [0] and since["n"].tolist() == [40]


FORBIDDEN = [
    # what is tried, what stops it
    ("select * from read_csv('{secret}')", duckdb.PermissionException),
    ("select * from read_text('{secret}')", duckdb.PermissionException),
    ("select * from '{secret}'", duckdb.Error),
    ("select * from glob('/*')", duckdb.PermissionException),
    ("select * from local_frame", duckdb.CatalogException),
    ("copy sessions to '{out}'", ValueError),
    ("copy (select 1) to '{out}' (format parquet)", ValueError),
    ("insert into sessions select * from sessions", ValueError),
    ("delete from sessions", ValueError),
    ("drop table sessions", ValueError),
    ("create table memory.main.mine as select 1", ValueError),
    ("create temp table mine as select 1", ValueError),
    ("attach '{out}' as other", ValueError),
    ("detach generation", ValueError),
    ("set enable_external_access = true", ValueError),
    ("reset lock_configuration", ValueError),
    ("pragma enable_profiling", ValueError),
    ("install httpfs", ValueError),
    ("load '{secret}'", ValueError),
    ("call pragma_version()", ValueError),
    ("select 1; drop table sessions", ValueError),
    ("explain analyze select 1", ValueError),
    ("", ValueError),
]


@pytest.mark.parametrize(("sql", "stopped_by"), FORBIDDEN)
def test_the_engine_reads_its_generation_and_does_nothing_else(engine, tmp_path, sql, stopped_by):
    local_frame = pd.DataFrame({"x": [1]})
    (tmp_path / "secret.csv").write_text("a\n1\n")

    with pytest.raises(stopped_by):
        engine.query(sql.format(secret=tmp_path / "secret.csv", out=tmp_path / "out.csv"))

    assert len(local_frame) == 1 and not (tmp_path / "out.csv").exists()
    assert engine.query("select count(*) as n from sessions")["n"].tolist() == [120]


UNDERNEATH = [
    ("copy (select 1) to '{out}'", duckdb.PermissionException),
    ("select * from read_csv('{secret}')", duckdb.PermissionException),
    ("attach '{out}' as other", duckdb.PermissionException),
    ("delete from generation.main.sessions", duckdb.InvalidInputException),
    ("set enable_external_access = true", duckdb.InvalidInputException),
    ("set lock_configuration = false", duckdb.InvalidInputException),
    ("set temp_directory = '{out}'", duckdb.InvalidInputException),
    ("load httpfs", duckdb.PermissionException),
]


@pytest.mark.parametrize(("sql", "stopped_by"), UNDERNEATH)
def test_the_connection_underneath_is_locked_even_without_the_engines_own_check(engine, tmp_path, sql, stopped_by):
    (tmp_path / "secret.csv").write_text("a\n1\n")

    with engine._connection.cursor() as cursor, pytest.raises(stopped_by):
        cursor.execute(sql.format(secret=tmp_path / "secret.csv", out=tmp_path / "out"))

    assert not (tmp_path / "out").exists()


def test_nothing_is_spilled_to_a_disk(engine):
    assert engine.query("select current_setting('temp_directory') as place")["place"].tolist() == [""]


def test_many_threads_each_get_the_rows_they_asked_for(engine):
    def ask(number: int) -> bool:
        course = f"c{number % 40}"
        rows = engine.query("select course_id, session_number from sessions where course_id = $course order by session_number", course=course)
        return rows["course_id"].tolist() == [course] * 3 and rows["session_number"].tolist() == [1, 2, 3]

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(800)))


def test_a_failed_question_does_not_block_the_next(engine):
    for _ in range(3):
        with pytest.raises(duckdb.Error):
            engine.query("select cast(course_id as integer) from sessions")
    assert engine.query("select count(*) as n from courses")["n"].tolist() == [40]


def test_a_question_at_work_is_answered_before_the_engine_closes_and_later_ones_are_refused_in_words(tmp_path, records):
    opened = DuckDBEngine.open(publish(tmp_path / "store", records(40)))
    begun, long = threading.Event(), "select max(hash(i)) is not null as n from range(30000000) r(i)"

    def ask() -> int:
        begun.set()
        return int(opened.query(long)["n"].iloc[0])

    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask)
        begun.wait(10)
        while not opened._at_work and not answer.done():
            pass
        opened.close()
        assert answer.result() > 0

    with pytest.raises(NotAllowed, match="not served any more"):
        opened.query("select 1 as one")
