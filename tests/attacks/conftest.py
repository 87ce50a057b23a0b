"""A small clinic behind the gate, and a stock Panel server to show each attack on first; one of each for all of these tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests import clinics
from tests.ports import free_port
from tests.server.served import Served, serving

from process.access import Viewer
from process.server import People, ServerSettings

PEOPLE = {
    "dora": Viewer("dora", "director", name="Dora"),
    "sue": Viewer("sue", "supervisor", None, "Sue", ("T1",)),
    "tess": Viewer("tess", "therapist", "T1", "Tess"),
    "tariq": Viewer("tariq", "therapist", "T2", "Tariq"),
}


class Stock(Served):
    """The stock server, talked to in the same ways."""

    def sign_in(self, user: str) -> str:
        return self.get(f"/enter?as={user}").cookie


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    records = clinics.opened(tmp_path_factory.mktemp("attacked") / "store", clinics.counted(("T1", 12, 4), ("T2", 11, 6)))
    yield records
    records.engine.close()


@pytest.fixture(scope="module")
def served(clinic):
    """The product's server."""
    settings = ServerSettings(port=free_port())
    with serving(clinic, People(dict(PEOPLE)), settings) as served:
        yield served


def stock_server(*options: str):
    """The stock server in a process of its own."""
    port = free_port()
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.attacks.stock", str(port), *options]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(root)})
    stock = Stock(port, None, None, None)
    try:
        for _ in range(300):
            try:
                if process.poll() is None and stock.get("/enter?as=ann").status == 200:
                    yield stock
                    return
            except OSError:
                time.sleep(0.2)
        pytest.fail("The stock server did not start.")
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture(scope="module")
def stock():
    yield from stock_server()


@pytest.fixture(scope="module")
def stock_signed():
    """The same with signed sessions, which cure less than their name says."""
    yield from stock_server("signed")
