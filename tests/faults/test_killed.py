"""Killed at any moment, a load, a publication or a server leaves the generation served that was served, or the new one whole; the next load succeeds.

How often is few in the suite and sixty with `-m soak`.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
from tests.faults.figures import figures

from process.store import current, doctor, generations, journal, roll_back

FEW = 3
SIXTY = pytest.param(60, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])
SEED = 20261123


def begun_and_not_ended(store: Path) -> bool:
    """Whether the doctor says that a command was cut short."""
    return any("never ended" in finding.what for finding in doctor.examine(store))


def took(forking, what: str, store: Path, delivery: Path) -> float:
    """How long it takes when nobody kills it."""
    before = time.monotonic()
    assert forking.run(what, store, delivery) == 0
    return time.monotonic() - before


@pytest.mark.parametrize("what", ["load", "publishing"])
@pytest.mark.parametrize("times", [FEW, SIXTY])
def test_whenever_it_is_killed_the_figures_are_the_old_ones_or_the_new_ones_and_the_next_load_succeeds(
    tmp_path, a_store, forking, deliveries, reference, what, times
):
    store, chance = a_store("once"), random.Random(SEED)
    whole = took(forking, what, store, deliveries["after"])
    names = {text: name for name, text in reference.items()}
    assert names[figures(store)] == "after"  # with or without surrogates, a clinic has the same figures
    served, killed, explained = "after", 0, 0
    for attempt in range(10 * times):
        if attempt >= times and killed > times // 3 and explained:
            break  # a machine that is quicker now than when it was measured has ended some before they were killed
        wanted = "before" if served == "after" else "after"
        name = current(store).name
        child = forking.begin(what, store, deliveries[wanted])
        time.sleep(chance.uniform(0, whole))
        code = forking.kill(child)
        killed += code == -9

        after = current(store)
        now = names[figures(store)]  # a KeyError here is a figure that neither clinic has
        assert now == (served if after.name == name else wanted)
        assert code in (-9, 0)
        if code == -9 and after.name == name:
            explained += begun_and_not_ended(store)
        served = now
        if chance.random() < 0.34:  # sometimes the next is a load that nobody kills
            wanted = "before" if served == "after" else "after"
            assert forking.run(what, store, deliveries[wanted], log=tmp_path / "log") == 0, (tmp_path / "log").read_text()
            served = wanted
            assert names[figures(store)] == served and doctor.examine(store) == []

    assert killed > times // 3 and explained
    wanted = "before" if served == "after" else "after"
    assert forking.run(what, store, deliveries[wanted]) == 0
    assert names[figures(store)] == wanted and [finding for finding in doctor.examine(store) if finding.fault] == []
    assert len(list((store / "generations").iterdir())) == 2 * len(generations(store)) <= 6


@pytest.mark.parametrize("times", [FEW, SIXTY])
def test_a_server_killed_while_it_swaps_under_load_never_gave_a_wrong_figure_and_harmed_nothing(tmp_path, a_store, forking, deliveries, reference, times):
    store, chance, log = a_store("twice"), random.Random(SEED), tmp_path / "log"
    (tmp_path / "expected.json").write_text(json.dumps(list(reference.values())))
    by_name = dict(zip(generations(store), ("before", "after"), strict=True))

    for _ in range(times):
        child = forking.begin("serve", store, tmp_path / "expected.json", log=log)
        begun, lasting = time.monotonic(), chance.uniform(0.3, 2)
        while time.monotonic() < begun + (lasting if log.exists() and "is served now" in log.read_text() else 60):
            roll_back(store, chance.choice(list(by_name)))
            time.sleep(chance.uniform(0, 0.1))
        code = forking.kill(child)

        assert code == -9, log.read_text()  # 3 would be a wrong figure, anything else a server that fell over
        assert figures(store) == reference[by_name[current(store).name]]
        assert [finding for finding in doctor.examine(store) if finding.fault] == []

    assert "is served now" in log.read_text() and "Traceback" not in log.read_text()
    assert {(line["what"], line["outcome"]) for line in journal.entries(store)} >= {("swap", "done"), ("rollback", "done")}
    assert forking.run("load", store, deliveries["before"]) == 0 and figures(store) == reference["before"]
