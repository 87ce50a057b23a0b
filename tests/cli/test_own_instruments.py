"""A clinic's own questionnaires, from a folder of TOML files through the command to the figures, and known to every later load."""

from __future__ import annotations

import sys

import pytest
from tests.clinics import DIRECTOR

import process.charts  # noqa: F401  puts answers into words
from process import cli, store
from process.access import Clinic, Cohort, open_records

ALLIANCE = """
id = "our_bond"
name = "Our bond questionnaire"
construct = "alliance"
rater = "patient"
direction = "higher_is_better"
items = { value = 5, source = "our handbook, 2024" }

[[forms]]
form = "standard"
label = "Bond-5"
minimum = { value = 5, source = "5 items rated 1 to 5" }
maximum = { value = 25, source = "5 items rated 1 to 5" }
"""
OUTCOME = """
id = "our_mood"
name = "Our mood questionnaire"
construct = "outcome"
rater = "patient"
direction = "higher_is_better"
items = { value = 8, source = "our handbook, 2024" }

[[forms]]
form = "standard"
label = "Mood-8"
minimum = { value = 8, source = "8 items rated 1 to 5" }
maximum = { value = 40, source = "8 items rated 1 to 5" }

[[forms.cutoff]]
value = 24
source = "convention of our clinic"

[[forms.reliable_change]]
value = 6
source = "our own retest of 2024"
"""
COURSES = 20  # of two therapists; three sessions each


@pytest.fixture
def delivery(tmp_path):
    """Bond 15 in every session; mood from 20 to 30 in twelve courses (recovered), to 25 in eight (unchanged)."""
    folder = tmp_path / "delivery"
    folder.mkdir()
    names = [f"c{number:02}" for number in range(COURSES)]
    tables = {
        "manifest": ["as_of,clinic,source,origin", "2026-03-31,Clinic A,export 1,real"],
        "courses": ["course_id,patient_id,therapist_id,ending", *(f"{name},p{name},t{int(name[1:]) % 2},planned" for name in names)],
        "sessions": ["course_id,session_number,attendance", *(f"{name},{number},attended" for name in names for number in (1, 2, 3))],
        "scores": ["course_id,session_number,instrument,form,rater,value"],
    }
    for at, name in enumerate(names):
        tables["scores"] += [f"{name},{number},our_bond,standard,patient,15" for number in (1, 2, 3)]
        tables["scores"] += [f"{name},1,our_mood,standard,patient,20", f"{name},3,our_mood,standard,patient,{30 if at < 12 else 25}"]
    for table, lines in tables.items():
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "our instruments"
    folder.mkdir()
    (folder / "bond.toml").write_text(ALLIANCE)
    (folder / "mood.toml").write_text(OUTCOME)
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; give exit code, stdout and stderr (in one line)."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["therapy-process", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, " ".join(said.err.split())

    return command


@pytest.fixture
def ask(tmp_path):
    """Ask the store's current generation as the director, of every course."""
    opened = []

    def question(name):
        opened.append(open_records(tmp_path / "store"))
        return Clinic(opened[-1], DIRECTOR).ask(name, Cohort(basis="so_far"))

    yield question
    for records in opened:
        records.engine.close()


def test_scores_of_an_instrument_that_nobody_described_are_refused(run, delivery, tmp_path):
    code, _, err = run("intake", tmp_path / "store", delivery)

    assert code == 4 and "no such instrument, form and rater in the registry (100 times)" in err


def test_own_instruments_go_into_every_figure(run, delivery, own, ask, tmp_path):
    code, out, err = run("intake", tmp_path / "store", delivery, "--instruments", own)
    assert code == 0, err

    # bond 15 of 5 to 25 is half of the way
    bond = ask("alliance_by_session").table
    assert bond.loc[bond["rater"] == "patient", "mean"].tolist() == pytest.approx([50, 50, 50])
    mood = ask("outcome_change")
    assert mood.headlines.loc["better:Mood-8", ["estimate", "of_courses"]].tolist() == [60, 20]
    assert mood.table.set_index("category")["courses"].to_dict() == {"recovered": 12, "improved": 0, "unchanged": 8, "deteriorated": 0, "harmed": 0}
    assert "60 % are reliably better" in mood.sentence and "6 points or more" in mood.sentence


def test_an_own_outcome_form_is_judged_by_its_own_numbers(run, delivery, own, tmp_path):
    run("intake", tmp_path / "store", delivery, "--instruments", own)

    with store.DuckDBEngine.open(store.current(tmp_path / "store")) as engine:
        found = engine.query("select form, category, count(*) as courses from outcome_changes group by all order by 1, 2")
        stored = engine.query("select instrument, label, minimum, cutoff, reliable_change from instruments where own order by 1")
    assert found.to_dict("list") == {"form": ["Mood-8", "Mood-8"], "category": ["recovered", "unchanged"], "courses": [12, 8]}
    assert stored["label"].tolist() == ["Bond-5", "Mood-8"]
    assert stored.loc[1, ["minimum", "cutoff", "reliable_change"]].tolist() == [8, 24, 6]


def test_later_loads_know_them_without_the_option_and_info_lists_them(run, delivery, own, tmp_path):
    run("intake", tmp_path / "store", delivery, "--instruments", own)

    code, _, err = run("intake", tmp_path / "store", delivery)

    assert code == 0, err
    assert sorted(path.name for path in (tmp_path / "store" / "instruments").iterdir()) == ["our_bond.toml", "our_mood.toml"]
    assert "Bond-5 (our_bond, standard), Mood-8 (our_mood, standard)" in run("info", tmp_path / "store")[1]


def test_a_file_named_again_takes_the_place_of_the_kept_one(run, delivery, own, tmp_path):
    run("intake", tmp_path / "store", delivery, "--instruments", own)
    (own / "bond.toml").unlink()
    (own / "mood.toml").write_text(OUTCOME.replace("value = 6", "value = 12"))

    assert run("intake", tmp_path / "store", delivery, "--instruments", own)[0] == 0
    with store.DuckDBEngine.open(store.current(tmp_path / "store")) as engine:
        assert engine.query("select distinct category from outcome_changes")["category"].tolist() == ["unchanged"]
        assert engine.query("select count(*) as n from alliance_scores")["n"].item() == 60


def test_a_check_keeps_nothing(run, delivery, own, tmp_path):
    assert run("intake", tmp_path / "store", delivery, "--instruments", own, "--check")[0] == 0
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ('rater = "patient"', 2, "Instrument file `mood.toml`, field `rater`"),
        ("value = 24", 2, "Instrument file `mood.toml`, field `cutoff`"),
        (None, 3, "no folder with instrument files"),
    ],
)
def test_a_mistake_in_a_file_is_told_before_anything_is_loaded(run, delivery, own, tmp_path, written, code, said):
    if written is None:
        own = delivery
    else:
        (own / "mood.toml").write_text(OUTCOME.replace(written, written.replace("patient", "client").replace("24", "240")))

    ended, _, err = run("intake", tmp_path / "store", delivery, "--instruments", own)

    assert (ended, said in err) == (code, True), err
    assert not (tmp_path / "store").exists()


def test_a_mapped_export_may_hold_scores_of_an_own_instrument(run, own, tmp_path):
    (tmp_path / "export.csv").write_text("person,visit,mood\n" + "".join(f"p{n},{visit},{10 + visit}\n" for n in range(3) for visit in (1, 2)))
    (tmp_path / "ours.toml").write_text(
        """
[mapping]
title = "ours"
version = 1
file = "export.csv"
[manifest]
clinic = "Clinic A"
source = "export"
origin = "real"
as_of = "2026-03-31"
[courses]
course_id = { from = "person" }
patient_id = { from = "person" }
therapist_id = { always = "t1" }
ending = { always = "unknown" }
[sessions]
session_number = { from = "visit" }
attendance = { always = "attended" }
[[scores]]
column = "mood"
instrument = "our_mood"
form = "standard"
rater = "patient"
"""
    )

    code, _, err = run("intake", tmp_path / "store", tmp_path / "export.csv", "--mapping", tmp_path / "ours.toml", "--instruments", own)

    assert code == 0, err
    assert store.current(tmp_path / "store").manifest["counts"]["outcome_scores"] == 6
