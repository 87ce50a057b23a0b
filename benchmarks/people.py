"""Many people at once: 50 sign in at two processes, each opens a page and moves its range over the websocket, minutes long, as a browser would.

Looked at: the time until a page has settled on where its range was left (median and 95th percentile), errors, anything of another person in what a page is
sent (names, user names, codes of therapists outside the scope, tokens of other pages), and the memory of the processes before, during and after.

    python -m benchmarks.people --people 50 --minutes 5
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from contextlib import suppress
from pathlib import Path

from benchmarks.visitor import PASSWORD, Someone, sign_in, use
from tornado.httpclient import AsyncHTTPClient

from process.access import open_records
from process.people import Person, passwords, table
from process.people.person import now
from process.server import secret_files

PROCESSES = 2
AFTER = 150
"""Seconds after everybody left until their memory is looked at: a page that was left is kept for two minutes at most."""


def everybody(count: int, therapists: list[str], ports: list[int], hashed: str) -> list[Someone]:
    """Therapists first, one each; then supervisors of three; every fifth is a director. Each has a name that no record holds."""
    found = []
    own = iter(therapists)
    for number in range(count):
        user, name = f"person{number:02d}", f"Canary {uuid.uuid4().hex[:10]}"
        therapist = next(own, "") if number % 5 else ""
        role = "director" if number % 5 == 0 else "therapist" if therapist else "supervisor"
        supervised = tuple(random.Random(number).sample(therapists, 3)) if role == "supervisor" else ()
        person = Person(user, role, name, therapist, supervised, password=hashed, since=now(), changed=now())
        found.append(Someone(user, person, f"http://127.0.0.1:{ports[number % len(ports)]}"))
    return found


def forbid(people: list[Someone], therapists: list[str]) -> None:
    """What must not reach each: another's user name, and outside a director's scope other therapists' codes and names."""
    for one in people:
        strange = [other.user for other in people if other is not one]
        if one.person.role != "director":
            mine = {one.person.therapist, *one.person.supervises}
            strange += [code for code in therapists if code not in mine]
            strange += [other.person.name for other in people if other is not one and other.person.therapist not in mine - {""}]
        one.forbidden = re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])" for text in strange))


async def everyone(people: list[Someone], seconds: float) -> None:
    """Everybody signs in, then uses the pages at once, then leaves."""
    AsyncHTTPClient.configure(None, max_clients=len(people))  # each has a browser of their own; ten at once is the client's default
    for one in people:
        await sign_in(one)
    until = time.monotonic() + seconds

    async def one_person(number: int, one: Someone) -> None:
        try:
            await use(one, until, random.Random(number))
        except Exception as problem:  # whatever goes wrong is counted, and the others go on
            one.problems.append(f"/{one.page}: {type(problem).__name__}: {problem}"[:120])

    await asyncio.gather(*(one_person(number, one) for number, one in enumerate(people)))


def memory(process: subprocess.Popen) -> float:
    """Resident memory in MB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024


def started(store: Path, folder: Path, ports: list[int]) -> list[subprocess.Popen]:
    """Two processes with local accounts, on loopback, sharing sessions and the audit log."""
    secret_files.make(folder / "cookies.secret")
    (folder / "server.toml").write_text(
        'sign_in = "local"\nsecret_file = "cookies.secret"\nsessions = "sessions"\npeople = "people.toml"\naudit = "audit"\naudit_key_file = "audit.key"\n'
    )
    running = []
    for port in ports:
        command = [sys.executable, "-m", "process", "serve", str(store), "--settings", str(folder / "server.toml"), "--port", str(port)]
        with open(folder / f"{port}.log", "wb") as log:
            running.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}))
    for port in ports:
        end = time.monotonic() + 120
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            if time.monotonic() > end:
                raise SystemExit((folder / f"{port}.log").read_text()[-2000:])
            time.sleep(0.2)
    return running


def main() -> None:
    """Run it and print what was measured; the exit code is 1 where anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--waves", type=int, default=1, help="How often everybody comes, so long each time, and leaves: what grows from wave to wave is lost.")
    parser.add_argument("--store", type=Path, default=Path("demo-store"))
    told = parser.parse_args()
    records = open_records(told.store)
    therapists = sorted(records.engine.query("select distinct therapist_id from course_facts")["therapist_id"])
    records.engine.close()
    probes = [socket.socket() for _ in range(PROCESSES)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    with tempfile.TemporaryDirectory(prefix="therapy-process-people-") as place:
        folder = Path(place)
        hashed = passwords.hashed(PASSWORD)
        people = everybody(told.people, therapists, ports, hashed)
        forbid(people, therapists)
        with table.changing(folder / "people.toml") as found:
            found.update({one.user: one.person for one in people})
        running = started(told.store, folder, ports)
        try:
            code = measured(people, running, told.minutes, told.waves, folder, ports)
        finally:
            for process in running:
                process.send_signal(signal.SIGINT)
            for process in running:
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:  # a shell that put this into its background has it ignore interrupts, and its children with it
                    process.kill()
    sys.exit(code)


def measured(people: list[Someone], running: list[subprocess.Popen], minutes: float, waves: int, folder: Path, ports: list[int]) -> int:
    """Warm up, measure, let everybody go, and say what was found."""
    asyncio.run(everyone(people[: 2 * PROCESSES], 15))
    time.sleep(20)
    base = [memory(process) for process in running]
    for one in people:
        one.took, one.opened, one.cookies = [], [], {}
    peaks = []
    for _ in range(waves):
        asyncio.run(everyone(people, 60 * minutes))
        peaks.append([memory(process) for process in running])
    time.sleep(AFTER)
    after = [memory(process) for process in running]
    took, opened = (sorted(value for one in people for value in getattr(one, name)) for name in ("took", "opened"))
    problems = Counter(problem for one in people for problem in one.problems)
    logs = [line for port in ports for line in (folder / f"{port}.log").read_text().splitlines()]
    said = [line for line in logs if re.search("error|Traceback|unexpected|was not made|cannot be", line, re.IGNORECASE)]
    print(f"{len(people)} people, {len(running)} processes, {minutes:g} minutes, {os.cpu_count()} cores: {len(opened)} pages opened, {len(took)} moves settled")
    for name, values in (("a move until the whole page has settled", took), ("a page until its document is there", opened)):
        if values:
            print(f"  {name}: median {statistics.median(values):.2f} s, 95th percentile {values[int(0.95 * (len(values) - 1))]:.2f} s, most {values[-1]:.2f} s")
    for name, values in (("before", base), *(("with everybody there", peak) for peak in peaks), (f"{AFTER} s after they left", after)):
        print(f"  memory {name}: {', '.join(f'{value:.0f} MB' for value in values)}")
    for problem, count in problems.items():
        print(f"  problem, {count} times: {problem}")
    for line in said[:10]:
        print(f"  in the server's log: {line[:160]}")
    return 1 if problems or said or not took else 0


if __name__ == "__main__":
    main()
