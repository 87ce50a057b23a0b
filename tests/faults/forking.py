"""Children that may be killed at any moment, started in milliseconds: one process that has imported everything forks itself for each of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class Forking:
    """A process that forks on demand. `begin` gives a child's id, `end` its exit code (negative: the signal that ended it)."""

    config: Path

    def __init__(self, environment: dict[str, str]):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forked"],
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD, **environment, "COLUMNS": "300"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Forking:
        return self

    def __exit__(self, *problem: object) -> None:
        self._process.stdin.close()
        self._process.wait(30)

    def begin(self, what: str, *arguments: object, log: Path | None = None, learn: Path | None = None) -> int:
        """Start a child that does `what` (see `forked`); what it says on stderr goes into `log`, the names of the modules that it needed into `learn`."""
        request = {"do": what, "arguments": [str(argument) for argument in arguments], "log": str(log) if log else os.devnull}
        return int(self._ask(request | {"learn": str(learn) if learn else ""}))

    def learn(self, file: Path, what: str, *arguments: object) -> int:
        """Have a child do `what`, and import here whatever it had to import, so that no later child waits for that."""
        code = self.end(self.begin(what, *arguments, learn=file))
        self._ask({"import": json.loads(file.read_text())})
        return code

    def end(self, child: int) -> int:
        """Wait for a child."""
        return int(self._ask({"wait": child}))

    def run(self, what: str, *arguments: object, log: Path | None = None) -> int:
        """Start a child and wait for it."""
        return self.end(self.begin(what, *arguments, log=log))

    def kill(self, child: int) -> int:
        """Kill a child as nothing can stop it."""
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return self.end(child)

    def _ask(self, request: dict[str, Any]) -> str:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the forking process has ended"
        return answer
