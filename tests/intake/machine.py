"""A machine on which nothing but one clinic's command runs: folders of its own, processes of its own, and a search through everything that they wrote.

The processes are forked from one that has imported the product, so that a test of ten commands does not pay for ten imports; run as a script, this is that one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Forking:
    """The process that commands are forked from. Close it at the end."""

    def __init__(self):
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.intake.machine"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, **request: object) -> int | None:
        """The number that it answers; None for a process that has not ended yet."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Command:
    """One command that was begun."""

    def __init__(self, forking: Forking, pid: int, said: Path):
        self.forking, self.pid, self.said = forking, pid, said
        self.code: int | None = None

    def poll(self) -> int | None:
        """Its exit code (negative: the signal that ended it), None as long as it runs."""
        if self.code is None:
            self.code = self.forking.ask(ended=self.pid)
        return self.code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def wait(self, seconds: float = 120) -> int:
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                os.kill(self.pid, 9)
                raise TimeoutError("the command did not end")
            time.sleep(0.01)
        return self.code


class Machine:
    """Folders of a machine on which nothing but one clinic's command runs."""

    def __init__(self, root: Path, forking: Forking):
        self.root, self.written, self.delivery, self.forking = root, root / "written", root / "delivery", forking
        for folder in (self.written / "tmp", self.written / "home", self.delivery):
            folder.mkdir(parents=True)
        self.store, self.out = self.written / "store", root / "said"
        home = self.written / "home"
        self.environment = os.environ | {"TMPDIR": str(self.written / "tmp"), "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "COLUMNS": "200"}

    @property
    def said(self) -> bytes:
        """Everything that commands have said."""
        return self.out.read_bytes() if self.out.exists() else b""

    def start(self, *words: object, before: str = "") -> Command:
        """Begin a command; `before`: Python that its process runs first."""
        asked = {"words": list(map(str, words)), "before": before, "environment": dict(self.environment), "said": str(self.out)}
        return Command(self.forking, self.forking.ask(**asked, folder=str(self.written / "tmp")), self.out)

    def run(self, *words: object, before: str = "") -> int:
        """A command to its end, and its exit code."""
        return self.start(*words, before=before).wait()

    def told(self, *markers: str) -> list[str]:
        """Where a marker can be read: in files, their names, what was said."""
        sought = [marker.encode(kind) for marker in markers for kind in ("utf-8", "utf-16-le", "utf-16-be")]
        files = [path for path in self.written.rglob("*") if path.is_file()]
        places = {str(path): path.read_bytes() for path in files} | {path.name: os.fsencode(path.name) for path in self.written.rglob("*")}
        places["what the command said"] = self.said
        return [place for place, content in places.items() if any(one in content for one in sought)]

    def values(self, monkeypatch) -> tuple[set[str], set[date]]:
        """Every text and every date in every table of every generation."""
        import pandas as pd

        from process import store
        from process.store.encryption import reading

        monkeypatch.setenv("XDG_CONFIG_HOME", self.environment["XDG_CONFIG_HOME"])
        texts, dates = set(), set()
        for name in store.generations(self.store):
            generation = store.generation.named(self.store, name)
            connection = reading(generation.path, generation.key())
            for (table,) in connection.execute("select table_name from information_schema.tables where table_catalog = 'generation'").fetchall():
                frame = connection.execute(f'select * from "{table}"').df()
                for column in frame:
                    if pd.api.types.is_datetime64_any_dtype(frame[column]):
                        dates |= {day.date() for day in frame[column].dropna().unique()} if (table, column) != ("manifest", "as_of") else set()
                    elif not pd.api.types.is_numeric_dtype(frame[column]):
                        texts |= set(map(str, frame[column].dropna().unique()))
            connection.close()
        return texts, dates


def _child(request: dict) -> None:
    """Be the command that is asked for, and end."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        tempfile.tempdir = None  # as it was in the parent
        for stream in (1, 2):
            os.dup2(os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), stream)
        os.close(0)
        exec(request["before"])
        sys.argv = ["therapy-process", *request["words"]]
        from process.__main__ import main

        main()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _answer() -> None:
    """For each line a new process's id, or the exit code of one that has ended. Nothing is opened and no thread begun before the fork."""
    import process.__main__
    import process.loading.load
    import process.measures.publishing

    assert process.__version__
    for line in sys.stdin:
        request = json.loads(line)
        if "ended" in request:
            pid, status = os.waitpid(request["ended"], os.WNOHANG)
            print(json.dumps(os.waitstatus_to_exitcode(status) if pid else None), flush=True)
            continue
        pid = os.fork()
        if not pid:
            _child(request)
        print(pid, flush=True)


if __name__ == "__main__":
    _answer()
