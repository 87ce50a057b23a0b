"""Every role at every route of the running application, with every kind of sign-in. The routes are read from the application: a new one without a row fails."""

from __future__ import annotations

import pytest
from tests.attacks.conftest import PEOPLE
from tornado.routing import PathMatches

from process.access import Viewer
from process.server.building import PAGES

GETS, POSTS = ("GET", "HEAD"), ("POST", "PUT", "DELETE", "PATCH")
TO_SIGN_IN, GONE, REFUSED, UNKNOWN = 302, 401, 403, 404
# What a route answers a GET with: to somebody who is not signed in, to a director, to anybody else who is.
ROWS = {
    "/": ("/", 302, 302, 302),
    "/health": ("/health", 200, 200, 200),
    "/session": ("/session", GONE, 200, 200),
    "/methods": ("/methods", TO_SIGN_IN, 200, 200),
    "/log": ("/log", TO_SIGN_IN, 200, REFUSED),
    "/sign-in": ("/sign-in", 401, 401, 401),
    "/sign-out": ("/sign-out", 200, 200, 200),
    r"/enter/([\w-]+)": ("/enter/guessed", REFUSED, REFUSED, REFUSED),
    r"/static/extensions/(.*)": ("/static/extensions/panel/panel.min.js", 200, 200, 200),
    r"/static/(.*)": ("/static/js/bokeh.min.js", 200, 200, 200),
    r"/favicon.ico": ("/favicon.ico", 200, 200, 200),
    r".*": ("/nowhere", UNKNOWN, UNKNOWN, UNKNOWN),
    **{f"/{page}": (f"/{page}", TO_SIGN_IN, 200, 200) for page in PAGES},
    **{f"/{page}/ws": (f"/{page}/ws", REFUSED, REFUSED, REFUSED) for page in PAGES},
}


def routes(served) -> list[str]:
    """Every route that comes before the one that answers `There is no such page` to whatever is left."""
    rules = served.running.server._tornado.default_router.rules[0].target.rules
    return [rule.matcher.regex.pattern.removesuffix("$") for rule in rules if isinstance(rule.matcher, PathMatches)]


def test_every_route_of_the_running_application_has_a_row(served):
    found = routes(served)

    assert found[-1] == ".*", "what is not listed is not there"
    tidy = [path for path in found if path.endswith(")/")]
    assert len(tidy) == 1 and set(found) - set(tidy) == set(ROWS)


def not_signed_in(served) -> dict[str, str]:
    """Cookies that are worth nothing, by what is wrong with them."""
    served.people.viewers["gone"] = Viewer("gone", "director")
    served.people.viewers["changed"] = Viewer("changed", "director")
    gone, changed, left, late = (served.signed(user) for user in ("gone", "changed", "dora", "dora"))
    served.sign_out(left)
    del served.people.viewers["gone"]
    served.people.viewers["changed"] = Viewer("changed", "therapist", "T1")
    served.gate.table._ask("update signed_in set seen = seen - 1801 where key = ?", served.key(late))
    return {
        "none": "",
        "disabled": gone,
        "another role since": changed,
        "signed out": left,
        "idle too long": late,
        "forged": served.signed("dora", secret="0" * 64),
    }


@pytest.mark.parametrize("route", ROWS)
def test_nobody_gets_anything_without_a_sign_in_that_lasts(served, route):
    path, expected, _, _ = ROWS[route]

    assert {what: served.get(path, cookie).status for what, cookie in not_signed_in(served).items()} == dict.fromkeys(not_signed_in(served), expected)


@pytest.mark.parametrize("user", PEOPLE)
def test_every_role_gets_what_its_row_says(served, user):
    cookie = served.signed(user)
    column = 2 if PEOPLE[user].role == "director" else 3
    few = {route: row for route, row in ROWS.items() if route.strip("/") not in PAGES[1:]}  # one page of figures for each role; all of them for a director

    found = {route: served.get(row[0], cookie).status for route, row in (ROWS if user == "dora" else few).items()}

    assert found == {route: ROWS[route][column] for route in found}


@pytest.mark.parametrize("route", ROWS)
def test_no_route_takes_a_change_that_is_not_asked_for_by_its_own_form(served, route):
    path = ROWS[route][0]
    for cookie in ("", served.signed("dora")):
        for method in POSTS:
            reply = served.get(path, cookie, method, "a=b")
            assert reply.status in (401, 403, 404, 405) or (route == "/sign-out" and not cookie), (method, reply.status)
            assert "set-cookie" not in reply.headers or route == "/sign-out"


@pytest.mark.parametrize("route", ROWS)
def test_every_answer_says_what_a_browser_may_do_and_none_is_kept_but_libraries(served, route):
    path = ROWS[route][0]
    for method in (*GETS, "OPTIONS", "TRACE", "POST"):
        headers = served.get(path, "", method).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"] and "script-src-attr 'none'" in headers["content-security-policy"], method
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store" or (route.startswith("/static") and method in GETS and "max-age" in headers["cache-control"])
        assert "tornado" not in headers["server"].lower() and "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../setup.py",
        "/static/..%2f..%2f..%2fbokeh/settings.py",
        "/static/js/bokeh.json",
        "/static/js/",
        "/static/.hidden.js",
        "/static/extensions/panel/../../config.py",
        "/static/extensions/panel/%2e%2e/config.py",
        "/static/extensions/other/x.js",
        "/static/extensions/panel/panel.json",
        "/static/extensions//etc/passwd.js",
        "/caseload/static/js/bokeh.min.js",
    ],
)
def test_only_files_that_pages_are_drawn_with_are_served(served, path):
    assert served.get(path, served.signed("dora")).status in (403, 404)
