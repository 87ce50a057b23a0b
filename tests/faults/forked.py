"""The process behind `forking.Forking`: it imports everything once, and forks for each request on its standard input.

Nothing is opened and no thread is started before the fork, so that a child is as a command that was just begun.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import resource
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.faults.figures import answered

import process
from process import cli, intake
from process.access import ANALYST, Clinic, Latest, open_records
from process.errors import UserError
from process.measures.publishing import publish
from process.server.swapping import Swapping


def load(*arguments: str) -> int:
    """The command `intake`, as a person gives it."""
    sys.argv = ["therapy-process", "intake", *arguments, "--fewer"]  # the deliveries take turns, and one is small
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def publishing(store: str, delivery: str) -> int:
    """Publish a delivery's records as they are, without surrogates or comparison."""
    publish(Path(store), intake.read([Path(delivery)]).records)
    return 0


def small_files(store: str, delivery: str, most: str) -> int:
    """The command `intake` where no file may become larger than `most` bytes: writing fails as on a full disk, in the middle of a file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
    return load(store, delivery)


def serve(store: str, expected: str) -> int:
    """What the server does with a store, under load: look for new generations all the time, while threads ask and compare with the expected figures.

    Ends with 3 as soon as one answer is not what it must be.
    """
    wanted = set(json.loads(Path(expected).read_text()))
    latest = Latest(open_records(Path(store)))
    swapping = Swapping(latest, lambda line: print(line, file=sys.stderr, flush=True))

    def ask() -> None:
        while True:
            records = latest.lend()
            try:
                if answered(Clinic(records, ANALYST)) not in wanted:
                    os._exit(3)
            except UserError:
                pass  # the page was ended in words
            finally:
                latest.give_back(records)

    async def look() -> None:
        while True:
            await swapping.look()
            await asyncio.sleep(0.01)

    for _ in range(2):
        threading.Thread(target=ask, daemon=True).start()
    asyncio.run(look())
    return 0


def sleep(seconds: str) -> int:
    """Do nothing for a while."""
    time.sleep(float(seconds))
    return 0


DO = {function.__name__: function for function in (load, publishing, small_files, serve, sleep)}


def child(request: dict) -> None:
    """Do what is asked and end, without anything that a forked process should not run."""
    code = 1
    try:
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        os.dup2(log, 1)
        code = DO[request["do"]](*request["arguments"])
    except UserError as mistake:
        print(mistake, file=sys.stderr)
        code = mistake.exit_code
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if request["learn"]:
            Path(request["learn"]).write_text(json.dumps(sorted(sys.modules)))
        os._exit(code)


def main() -> None:
    """Answer each line with a child's process id, or with the exit code of one that is waited for."""
    assert process.__version__
    for line in sys.stdin:
        request = json.loads(line)
        if "import" in request:
            for name in request["import"]:
                with suppress(Exception):
                    importlib.import_module(name)
            print(0, flush=True)
            continue
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if not pid:
            child(request)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
