"""Patches of a page's document that no page of ours sends: Bokeh would unpack, load and keep whatever stands in them, on the server.

Tried by hand on a running server before there was a rule: half a megabyte that unpacks to 400 MB took 4 GB and twenty seconds; a text of a hundred bytes asked
numpy for as much as it named; a path in place of a picture's data had a file read and sent back, told which files there are, and `/dev/ptmx` stopped the whole
process for good.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import threading

import pytest
from bokeh.core.serialization import Deserializer
from bokeh.models import Widget
from tests.attacks.test_abuse import connected
from tests.server.talking import OpenPage

from process.server.asked import CHANGED
from process.server.sessions import SignIns, key_of

MARK = "what-the-attacker-sent"
NOT_OURS = "of-another-file"


def packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


def changed(model: str, attr: str, new: object) -> dict:
    return {"kind": "ModelChanged", "model": {"id": model}, "attr": attr, "new": new}


def made(name: str, **attributes: object) -> dict:
    return {"type": "object", "name": name, "id": "of-the-attacker", "attributes": attributes}


def patches(model: str, file: str) -> dict[str, tuple[dict, str]]:
    """Patches by what is wrong with them, and what of them a server that takes them sends back."""
    unpacked = {"type": "bytes", "data": packed(MARK)}
    array = {"type": "ndarray", "array": [MARK], "shape": [1], "dtype": "O", "order": "little"}
    event = {"type": "event", "name": "button_click", "values": {"type": "map", "entries": [["model", made("Div", text=MARK)]]}}
    return {
        "bytes to unpack": ({"events": [changed(model, "tags", [unpacked])]}, MARK),
        "memory for an array": ({"events": [changed(model, "tags", [array])]}, MARK),
        "a model of its own": ({"events": [changed(model, "tags", [made("Div", text=MARK)])]}, MARK),
        "a picture by its path": ({"events": [changed(model, "tags", [made("SaveTool", icon=file)])]}, NOT_OURS),
        "another text": ({"events": [changed(model, "name", MARK)]}, MARK),
        "a root": ({"events": [{"kind": "RootAdded", "model": made("Div", text=MARK)}]}, MARK),
        "a title": ({"events": [{"kind": "TitleChanged", "title": MARK}]}, MARK),
        "beside the events": ({"events": [changed(model, "tags", [{"id": "of-the-attacker"}])], "a": made("Div", text=MARK)}, ""),
        "beside a change": ({"events": [changed(model, "visible", True) | {"hint": made("SaveTool", icon=file)}]}, ""),
        "in an event": ({"events": [{"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}]}, ""),
    }


async def whole(opened) -> str:
    """The whole document as a websocket is given it, and behind it whatever is sent beside it as bytes."""
    for part in ({"msgid": "2", "msgtype": "PULL-DOC-REQ"}, {}, {}):
        await opened.write_message(json.dumps(part))
    while (head := await asyncio.wait_for(opened.read_message(), 10)) is not None:
        beside = 2 * json.loads(head).get("num_buffers", 0)
        _, content, *pieces = [await asyncio.wait_for(opened.read_message(), 10) for _ in range(2 + beside)]
        if json.loads(head)["msgtype"] == "PULL-DOC-REPLY":
            return f"{content}\n{b''.join(piece for piece in pieces if isinstance(piece, bytes)).decode('latin-1')}"
    return ""


def kept_of(server, cookie: str, page: str, whats: list[str], file: str) -> tuple[list[str], str]:
    """Of these patches, sent to one page after another, those of which something shows in its document afterwards; and the document."""

    async def send() -> tuple[list[str], str]:
        opened = await connected(server, cookie, server.token(cookie, f"/{page}"), page)
        roots = json.loads((await whole(opened)).split("\n")[0])["doc"]["roots"]
        found, document = [], ""
        for what in whats:
            patch, mark = patches(roots[0]["id"], file)[what]
            for part in ({"msgid": "1", "msgtype": "PATCH-DOC"}, {}, patch):
                await opened.write_message(json.dumps(part))
            document = await whole(opened)
            found += [what] if mark and mark in document else []
        opened.close()
        return found, document

    return asyncio.run(asyncio.wait_for(send(), 60))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file of the server's machine that nobody serves."""
    file = tmp_path_factory.mktemp("elsewhere") / "drawing.svg"
    file.write_text(f"<svg>{NOT_OURS}</svg>")
    return str(file)


@pytest.mark.parametrize("what", [what for what, (_, mark) in patches("", "").items() if mark])
def test_stock_takes_whatever_a_page_puts_into_its_document(stock, file, what):
    assert kept_of(stock, stock.sign_in("ann"), "page", [what], file)[0]


def test_a_page_changes_what_a_person_does_and_how_large_its_figures_are_and_nothing_else(served, file, monkeypatch):
    decode, here, seen = Deserializer._decode, threading.get_ident(), []

    def watched(self, rep):
        if threading.get_ident() != here:  # the server's thread, not the browser that this test plays
            seen.append(str(rep)[:2000])
        return decode(self, rep)

    monkeypatch.setattr(Deserializer, "_decode", watched)
    tess = served.signed("tess")

    found, document = kept_of(served, tess, "caseload", list(patches("", file)), file)

    assert found == []
    assert "RangeSlider" in document, "the page goes on: what is not taken is as if it had not been sent"
    assert not any(mark in rep for rep in seen for mark in (MARK, "of-the-attacker", file)), "Bokeh is given nothing of what is not taken"

    seen.clear()
    page = OpenPage.open(served, "dora")
    page.move(1, 7)
    page.close()
    assert seen, "what a person does is given to Bokeh, and seen here"


def test_every_widget_that_a_page_has_is_listed_with_what_a_person_changes_there(served):
    page = OpenPage.open(served, "dora")
    widgets = {type(model).__name__ for model in page.document.models if isinstance(model, Widget)}
    page.close()

    assert widgets <= set(CHANGED) | {"Button", "Div", "HTML", "TextInput"}, "a new kind of widget does nothing until it is in `asked.CHANGED`"
    assert {"RangeSlider", "CheckboxGroup", "Toggle", "CustomSelect", "FileDownload"} <= widgets


@pytest.mark.parametrize("path", ["/static/js/%00.js", "/static/js/bokeh.min.js%00.js", "/static/extensions/panel/%00.js"])
def test_a_name_that_no_file_can_have_is_no_error_of_the_server(served, stock, path):
    assert stock.get(path).status == 500
    assert served.get(path).status == 404


@pytest.mark.parametrize("host", ["[", "[x]", "]"])
def test_a_host_and_an_origin_that_are_none_are_refused_without_an_error(served, host):
    assert served.get("/health", Host=host).status in (400, 421)
    cookie = served.signed("tess")
    handshake = {"Upgrade": "websocket", "Origin": f"http://{host}", "Sec_WebSocket_Protocol": "bokeh, x"}
    assert served.get("/caseload/ws", cookie, **handshake).status == 403


@pytest.mark.parametrize(("back", "lasts"), [(30.0, True), (90.0, False), (3 * 86_400.0, False)])
def test_a_clock_that_is_set_back_keeps_nobody_signed_in_for_days(back, lasts):
    moment = [1_800_000_000.0]
    table = SignIns(None, idle=1800, shift=12 * 3600, most=10, told=lambda *about: None, clock=lambda: moment[0])
    key = key_of(table.begin("tess", "epoch", "local"))
    moment[0] -= back

    assert (table.look(key) is not None) is lasts
    table.close()
