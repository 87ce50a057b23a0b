"""The directors' page on the audit log, over HTTP: who looked at what, no value, and nobody else gets in."""

from __future__ import annotations

import html
import re
from datetime import date

import pytest
from tests.access import logs

from process.access import audit
from process.access.audit import lines
from process.pages import NAVIGATION, log_days, who_looked


@pytest.fixture
def kept(tmp_path):
    with logs.keeping(tmp_path):
        yield tmp_path


def kinds(folder) -> list[tuple]:
    audit.flush()
    return [(line["kind"], line.get("user"), line.get("page") or line.get("why")) for line in logs.read(folder)]


def test_a_director_sees_who_looked_at_which_page_and_what_was_refused(served, kept):
    tess, dora = served.sign_in("tess"), served.sign_in("dora")
    assert served.get("/caseload", tess).status == 200
    assert served.get("/log", tess).status == 403

    reply = served.get("/log", dora)

    assert reply.status == 200 and reply.headers["cache-control"] == "no-store" and "default-src 'self'" in reply.headers["content-security-policy"]
    text = re.sub(r"<[^>]+>", " ", reply.body)
    assert all(said in text for said in ("tess", "Caseload", "refused (log): not a director", "signed in (personal link)", "dora"))
    assert logs.verified(kept).fault == ""


def test_a_change_of_who_sees_what_stands_there_in_words_also_for_whom_it_was_made(served, kept):
    facts = {"by": "therapy-process", "sudo": "anna", "change": "another role or other courses", "whom": "tess"}
    facts |= {"now": "supervisor", "sees": ["their own", "tariq"], "before": "therapist", "saw": ["their own"]}
    logs.chain(kept).append([lines.composed("people", None, facts)])
    dora = served.sign_in("dora")

    for asked in ("/log", "/log?user=tess"):
        text = html.unescape(re.sub(r"<[^>]+>", " ", served.get(asked, dora).body))
        assert "tess: another role or other courses; now a supervisor, sees their own courses and the courses of tariq" in text
        assert "before a therapist, saw their own courses; by therapy-process, who was anna" in text and "Who sees what was changed once" in text
    assert "anna" not in served.get("/log?user=tariq", dora).body


def test_looking_into_the_log_is_in_the_log_and_so_is_a_refusal(served, kept):
    served.get("/log", served.sign_in("tariq"))
    served.get("/log", served.sign_in("dora"))

    assert ("refused", "tariq", "log") in kinds(kept) and ("read", "dora", "log") in kinds(kept)


def test_while_the_log_cannot_be_written_neither_the_log_nor_the_methods_are_read(served, kept, monkeypatch):
    dora = served.sign_in("dora")

    def full(handle: int, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logs.place, "whole", full)

    for page in ("/methods", "/log"):
        for _ in range(2):  # the second is counted, and shown as little as the first
            assert served.get(page, dora).status == 503


def test_nobody_gets_to_the_log_without_signing_in(served, kept):
    reply = served.get("/log")

    assert reply.status == 302 and reply.headers["location"].startswith("/sign-in") and kinds(kept) == []


def test_the_page_shows_one_person_when_asked_and_believes_nothing_of_its_address(served, kept):
    served.get("/log", served.sign_in("tess"))
    dora = served.sign_in("dora")

    only = re.sub(r"(?s)<aside.*?</aside>", "", served.get("/log?user=tess", dora).body)
    strange = served.get("/log?user=<script>alert(1)</script>&since=2026-99-99&until='--", dora).body

    assert "<b>tess</b>" in only and "<b>dora</b>" not in only
    assert "<script>alert(1)" not in strange and "A day is written like" in strange


def test_a_page_of_figures_has_the_link_for_a_director_alone(served):
    pages = {user: served.get("/caseload", served.sign_in(user)).body for user in ("dora", "tess")}

    assert 'href="/log"' in pages["dora"] and 'href="/log"' not in pages["tess"]


LINES = [
    {"at": "2026-11-22T09:00:00Z", "kind": "signed_in", "user": "tess", "role": "therapist", "how": "local"},
    {
        "at": "2026-11-22T09:01:00Z",
        "kind": "answer",
        "user": "tess",
        "role": "therapist",
        "measures": {"endings": 14, "lengths": 9},
        "filter": {"basis": "so_far"},
    },
    {"at": "2026-11-22T09:02:00Z", "kind": "export", "user": "tess", "role": "therapist", "measure": "endings", "form": "csv", "rows": 14, "filter": {}},
    {"at": "2026-11-22T09:03:00Z", "kind": "refused", "user": "tess", "role": "therapist", "page": "log", "why": "not a director", "times": 4},
    {"at": "2026-11-23T09:03:00Z", "kind": "sign_in_refused", "how": "local", "why": "wrong name or password, or locked"},
]


def test_a_day_of_a_person_is_counted_by_page_and_no_number_of_rows_is_on_the_page():
    latest, day = log_days.days(LINES, NAVIGATION)

    assert (day.user, day.pages, list(day.exports.values()), day.refused, day.sign_ins) == ("tess", {"Caseload": 1}, [1], 5, 1)
    assert (latest.user, latest.refused) == (log_days.NOBODY, 1)
    assert not any("14" in what for _, what, _ in day.lines)


@pytest.mark.parametrize(
    ("since", "until", "days"), [("", "", 7), ("2026-11-01", "2026-11-10", 10), ("2020-01-01", "2026-11-10", 93), ("2026-11-10", "2026-11-01", 7), ("x", "", 7)]
)
def test_a_period_is_a_week_or_what_was_asked_for_up_to_a_quarter(since, until, days):
    found = who_looked.period(since, until, "", date(2026, 11, 23))

    assert (found.until - found.since).days + 1 == days
