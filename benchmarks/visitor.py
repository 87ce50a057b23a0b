"""One of many people at a browser: signs in, opens pages, moves the range over the websocket, and looks through all that is sent for what is another's."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from process.pages import PLANS
from process.people import Person

PASSWORD = "four words apart here"
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
