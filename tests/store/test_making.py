"""Tables are written, and statistics ask them, while others are still being made."""

from __future__ import annotations

import threading
import time

import duckdb
import pandas as pd
import pytest

from process.store.build import build
from process.store.encryption import reading, writing
from process.store.making import Asking, Stopped, Writer
from process.store.working import WORKING


@pytest.fixture
def connection(tmp_path):
    with writing(tmp_path / "made.duckdb") as found:
        found.execute(f"use {WORKING}")
        yield found


def asked(asking: Asking, sql: str) -> tuple[threading.Thread, list]:
    """A thread that asks, and what it gets."""
    answers = []

    def ask() -> None:
        try:
            answers.append(asking(sql))
        except Stopped as problem:
            answers.append(problem)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


def test_a_question_waits_for_the_tables_that_it_names_and_for_no_others(connection):
    asking = Asking(connection, ["early", "late"])
    thread, answers = asked(asking, "select count(*) as rows from early")
    time.sleep(0.05)
    assert thread.is_alive() and not answers

    connection.execute("create table early as select 1 as number")
    asking.made("early")
    thread.join(10)

    assert answers[0]["rows"].tolist() == [1]


def test_whoever_waits_for_a_table_that_never_comes_is_told(connection):
    asking = Asking(connection, ["late"])
    thread, answers = asked(asking, "select * from late")

    asking.stop()
    thread.join(10)

    assert isinstance(answers[0], Stopped)


def test_everything_handed_over_is_in_the_file_also_what_came_while_others_were_written(connection, tmp_path):
    writer = Writer(connection)
    for number in range(20):
        connection.execute(f"create table made_{number} as select {number} as number")
        writer.table(f"made_{number}")
    writer.finish()
    writer.close()
    connection.close()

    with reading(tmp_path / "made.duckdb") as found:
        assert [found.execute(f"select number from made_{number}").fetchone()[0] for number in range(20)] == list(range(20))
    assert not list(tmp_path.glob("*.wal"))


def test_what_goes_wrong_while_writing_is_raised_to_whoever_makes_the_tables(connection):
    writer = Writer(connection)
    writer.put(lambda inside: inside.execute("select * from nowhere"))

    with pytest.raises(duckdb.CatalogException):
        writer.finish()
    with pytest.raises(duckdb.CatalogException):
        writer.table("more")
    writer.close()


def test_statistics_that_fail_while_tables_are_made_fail_the_build(tmp_path, records):
    def fail(query) -> list[tuple[str, pd.DataFrame]]:
        query("select count(*) from outcome_ends")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build(tmp_path / "made.duckdb", records(), lambda what, done, total: None, fail)


def test_a_table_that_fails_ends_the_statistics_that_wait_for_it(tmp_path, records, monkeypatch):
    monkeypatch.setattr("process.store.build.summaries", lambda: [("wrong", "select nothing from nowhere"), ("late", "select 1 as number")])

    with pytest.raises(duckdb.CatalogException):
        build(tmp_path / "made.duckdb", records(), lambda what, done, total: None, lambda query: [("never", query("select * from late"))])
