"""Many people at once: 50 sign in at two processes, each opens a page and moves its range over the websocket, minutes long, as a browser would.

Looked at: the time until a page has settled on where its range was left (median and 95th percentile), errors, anything of another person in what a page is
sent (names, user names, codes of therapists outside the scope, tokens of other pages), and the memory of the processes before, during and after.

    python -m benchmarks.people --people 50 --minutes 5
"""

from __future__ import annotations

import argparse
import asyncio
import json
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
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from process.access import open_records
from process.pages import PLANS
from process.people import Person, passwords, table
from process.people.person import now
from process.server import secret_files

PASSWORD = "four words apart here"
PROCESSES = 2
PATIENCE = 60.0
"""Seconds without an answer after which a move counts as an error, and its page is left."""
THINKING = (0.5, 3.0)
"""Seconds between two moves of one person."""


@dataclass
class Someone:
    """One of the people: whom they are, where they are served, and what must never reach them."""

    user: str
    person: Person
    base: str
    forbidden: re.Pattern[str] | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = "sign-in"
    took: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class Shown:
    """A page's range as its document has it: the ids of the slider and of what says that the page has settled, the slider's ends and where its handles are."""

    slider: str
    told: str
    ends: tuple[int, int]
    at: tuple[int, int]


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


async def ask(one: Someone, path: str, body: dict[str, str] | None = None) -> str:
    """One request of this browser, redirections not followed; what came back is searched for what is not theirs."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in one.cookies.items())}
    headers |= {"Origin": one.base, "Sec-Fetch-Site": "same-origin"} if body else {}
    request = HTTPRequest(
        one.base + path, "POST" if body else "GET", headers, urlencode(body) if body else None, follow_redirects=False, request_timeout=PATIENCE
    )
    try:
        answer = await AsyncHTTPClient().fetch(request)
    except HTTPClientError as refused:
        if refused.response is None or refused.code not in (302, 303, 401):
            raise
        answer = refused.response
    for cookie in answer.headers.get_list("Set-Cookie"):
        name, _, value = cookie.partition(";")[0].partition("=")
        one.cookies[name] = value
    text = answer.body.decode("utf-8", "replace")
    search(one, text, path)
    return text


def search(one: Someone, text: str, where: str) -> None:
    """Note whatever of another person is in the text, by kind and never by itself."""
    assert one.forbidden is not None
    if found := one.forbidden.search(text):
        one.problems.append(f"something of another person ({found[0][:3]}…) in {where}")


async def sign_in(one: Someone) -> None:
    """By the form."""
    form = re.search(r'name="_xsrf" value="([^"]+)"', await ask(one, "/sign-in"))
    assert form
    await ask(one, "/sign-in", {"_xsrf": form[1], "user": one.user, "password": PASSWORD, "next": "/caseload"})


async def use(one: Someone, until: float, draw: random.Random) -> None:
    """Open a page, move its range again and again, sometimes go on to another page."""
    while time.monotonic() < until:
        page = one.page = draw.choice(list(PLANS))
        begun = time.monotonic()
        html = await ask(one, f"/{page}")
        token = re.search(r'"token":\s*"([^"]+)"', html)
        if token is None:
            one.problems.append(f"no page at /{page}")
            return
        request = HTTPRequest(
            f"{one.base.replace('http', 'ws', 1)}/{page}/ws",
            headers={"Origin": one.base, "Cookie": "; ".join(f"{name}={value}" for name, value in one.cookies.items())},
            connect_timeout=PATIENCE,
            request_timeout=PATIENCE,
        )
        opened = await websocket_connect(request, subprotocols=["bokeh", token[1]])
        try:
            shown = await pull(one, opened)
            one.opened.append(time.monotonic() - begun)
            for _ in range(draw.randint(5, 20)):
                await listen(one, opened, draw.uniform(*THINKING))
                if time.monotonic() > until or not await move(one, opened, shown, elsewhere(shown, draw)):
                    break
        finally:
            opened.close()


async def message(opened, kind: str, content: dict) -> None:  # noqa: ANN001 - Tornado's connection
    """One message of Bokeh's protocol."""
    for part in ({"msgid": uuid.uuid4().hex, "msgtype": kind}, {}, content):
        await opened.write_message(json.dumps(part))


async def pull(one: Someone, opened) -> Shown:  # noqa: ANN001
    """The page's range, out of its document."""
    acknowledged = False
    while True:
        text = await asyncio.wait_for(opened.read_message(), PATIENCE)
        if text is None:
            raise ConnectionError("the websocket was closed")
        if not isinstance(text, str):
            continue
        search(one, text, "a websocket")
        if not acknowledged and '"ACK"' in text:
            acknowledged = True
            await message(opened, "PULL-DOC-REQ", {})
        if '"doc"' in text:
            models = list(_models(json.loads(text)))
            slider = next(model for model in models if model.get("name") == "RangeSlider")
            told = next(
                model for model in models if model.get("name") == "TextInput" and re.search(r"\|\d+-\d+\|\d+$", str(model["attributes"].get("value", "")))
            )
            low, high = re.search(r"\|(\d+)-(\d+)\|\d+$", told["attributes"]["value"]).groups()
            about = slider["attributes"]
            return Shown(slider["id"], told["id"], (int(about["start"]), int(about["end"])), (int(low), int(high)))


def elsewhere(shown: Shown, draw: random.Random) -> tuple[int, int]:
    """Where somebody moves the handles: between the ends of the scale, and not to where they are, for that is no move and has no answer."""
    start, end = shown.ends
    while True:
        low = draw.randint(start, (start + end) // 2)
        to = (low, draw.randint(low, end))
        if to != shown.at:
            return to


def _models(part):  # noqa: ANN001, ANN202 - JSON
    if isinstance(part, dict):
        if part.get("type") == "object" and "id" in part and "attributes" in part:
            yield part
        for value in part.values():
            yield from _models(value)
    elif isinstance(part, list):
        for value in part:
            yield from _models(value)


async def move(one: Someone, opened, shown: Shown, to: tuple[int, int]) -> bool:  # noqa: ANN001
    """Move the range and wait until the page says that every figure has been answered for it; False where it does not.

    Once the server has taken the move (`OK`), a page that settles on any other range has lost it: that is known at once.
    """
    begun, taken = time.monotonic(), False
    await message(opened, "PATCH-DOC", {"events": [{"kind": "ModelChanged", "model": {"id": shown.slider}, "attr": "value", "new": list(to)}]})
    settled = re.compile(rf'"{shown.told}".*?\|(\d+)-(\d+)\|')
    async for text in heard(one, opened, PATIENCE):
        taken = taken or '"msgtype":"OK"' in text.replace(" ", "")
        if (found := settled.search(text)) is None:
            continue
        if (int(found[1]), int(found[2])) == to:
            one.took.append(time.monotonic() - begun)
            shown.at = to
            return True
        if taken:
            one.problems.append(f"/{one.page} settled on another range than it was moved to")
            return False
    one.problems.append(f"/{one.page} did not answer a move in {PATIENCE:.0f} s{'' if taken else ', nor take it'}")
    return False


async def listen(one: Someone, opened, seconds: float) -> None:  # noqa: ANN001
    """Take what the page is sent for so long."""
    async for _ in heard(one, opened, seconds):
        pass


async def heard(one: Someone, opened, seconds: float) -> AsyncIterator[str]:  # noqa: ANN001
    """What the page is sent for so long, each text searched for what is not theirs."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            text = await asyncio.wait_for(opened.read_message(), left)
        except TimeoutError:
            return
        if text is None:
            raise ConnectionError("the websocket was closed")
        if isinstance(text, str):
            search(one, text, "a websocket")
            yield text


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
            code = measured(people, running, told.minutes, folder, ports)
        finally:
            for process in running:
                process.send_signal(signal.SIGINT)
            for process in running:
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:  # a shell that put this into its background has it ignore interrupts, and its children with it
                    process.kill()
    sys.exit(code)


def measured(people: list[Someone], running: list[subprocess.Popen], minutes: float, folder: Path, ports: list[int]) -> int:
    """Warm up, measure, let everybody go, and say what was found."""
    asyncio.run(everyone(people[: 2 * PROCESSES], 15))
    time.sleep(20)
    base = [memory(process) for process in running]
    for one in people:
        one.took, one.opened, one.cookies = [], [], {}
    asyncio.run(everyone(people, 60 * minutes))
    peak = [memory(process) for process in running]
    time.sleep(45)
    after = [memory(process) for process in running]
    took, opened = (sorted(value for one in people for value in getattr(one, name)) for name in ("took", "opened"))
    problems = Counter(problem for one in people for problem in one.problems)
    logs = [line for port in ports for line in (folder / f"{port}.log").read_text().splitlines()]
    said = [line for line in logs if re.search("error|Traceback|unexpected|was not made|cannot be", line, re.IGNORECASE)]
    print(f"{len(people)} people, {len(running)} processes, {minutes:g} minutes, {os.cpu_count()} cores: {len(opened)} pages opened, {len(took)} moves settled")
    for name, values in (("a move until the whole page has settled", took), ("a page until its document is there", opened)):
        if values:
            print(f"  {name}: median {statistics.median(values):.2f} s, 95th percentile {values[int(0.95 * (len(values) - 1))]:.2f} s, most {values[-1]:.2f} s")
    for name, values in (("before", base), ("with everybody there", peak), ("45 s after they left", after)):
        print(f"  memory {name}: {', '.join(f'{value:.0f} MB' for value in values)}")
    for problem, count in problems.items():
        print(f"  problem, {count} times: {problem}")
    for line in said[:10]:
        print(f"  in the server's log: {line[:160]}")
    return 1 if problems or said or not took else 0


if __name__ == "__main__":
    main()
