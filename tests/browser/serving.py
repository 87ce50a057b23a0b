"""A real server for the browser: started as a person starts it, read by what it prints, ended by its own process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.ports import free_port

PATIENCE = 150
"""Seconds until a server that answers nothing has failed; the demo clinic is made in that time too."""


@dataclass
class Served:
    """A running server: its address, the links it printed by first name, the store it serves."""

    address: str
    links: dict[str, str]
    store: Path
    process: subprocess.Popen
    said: Path

    def stop(self) -> None:
        """End this server and no other process."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(15)


def command(*arguments: object) -> list[str]:
    """The command as this Python's environment has it."""
    return [sys.executable, "-m", "process", *map(str, arguments)]


def start(folder: Path, people: int, *arguments: object, store: Path) -> Served:
    """Start the command with a free port; done when it has printed a personal link for each of its `people`."""
    port = free_port()
    said = folder / f"said-{port}.txt"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("THERAPY_PROCESS_")}
    with said.open("w") as out:
        process = subprocess.Popen(command(*arguments, "--port", port), stdout=out, stderr=subprocess.STDOUT, cwd=folder, env=environment)
    served = Served(f"http://127.0.0.1:{port}", {}, store, process, said)
    end = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < end and process.poll() is None:
            served.links = dict(re.findall(rf"(\w+)[^\n:]*: ({served.address}/enter/\S+)", said.read_text()))
            if len(served.links) == people:
                return served
            time.sleep(0.1)
    except BaseException:  # a test that is out of time leaves no server behind
        served.stop()
        raise
    served.stop()
    pytest.fail(f"The server printed {len(served.links)} of {people} personal links. It said:\n{said.read_text()}")
