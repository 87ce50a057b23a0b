"""The demo clinic as files, and settings that cannot be."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from process.contract import TABLES
from process.demo import Settings, simulate, write
from process.errors import SettingWrong


@pytest.fixture(scope="module")
def folder(tmp_path_factory, clinic):
    place = tmp_path_factory.mktemp("demo") / "made" / "for-it"
    write(clinic, place)
    return place


def test_there_is_one_file_a_table(folder):
    assert {path.name for path in folder.iterdir()} == {f"{name}.csv" for name in TABLES}


@pytest.mark.parametrize("name", TABLES)
def test_a_file_gives_back_what_was_written(name, folder, clinic):
    read = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
    frame = clinic[name]
    assert list(read.columns) == list(frame.columns)
    for column in TABLES[name].columns:
        if column.name not in frame:
            continue
        values, text = frame[column.name], read[column.name]
        if column.kind in ("week", "date"):
            values = pd.to_datetime(values).dt.strftime("%Y-%m-%d")
        if column.kind == "decimal":
            assert pd.to_numeric(text).astype(float).equals(values.astype(float))
        else:
            assert text.tolist() == ["" if pd.isna(value) else str(value) for value in values]


def test_two_writes_are_the_same_to_the_byte(folder, tmp_path):
    for path in write(simulate(Settings()), tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"courses": 0}, "`courses`"),
        ({"therapists": 2.5}, "`therapists`"),
        ({"seed": -1}, "`seed`"),
        ({"years": 0}, "`years`"),
        ({"repair_effect": 9}, "`repair_effect`"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_what_is_allowed(wrong, said):
    with pytest.raises(SettingWrong, match=said):
        Settings(**wrong)


def test_another_day_moves_the_whole_clinic():
    records = simulate(Settings(courses=50, therapists=3, as_of=date(2024, 2, 29)))
    assert records["sessions"].week.max() <= pd.Timestamp(2024, 2, 26)
    assert records["manifest"].as_of.iloc[0] == date(2024, 2, 29)
