"""What stops a server from starting, and whom it lets in when it does."""

from __future__ import annotations

import socket

import pytest
from tests import clinics
from tests.ports import free_port
from tests.server.served import ADDRESS

from process.access import Viewer
from process.errors import NotAllowed, PortInUse, SettingWrong, StoreProblem
from process.server import People, ServerSettings, demo_people, serve
from process.server.people import PersonalLinks
from process.server.ports import require_free


def never(line: str) -> None:
    pytest.fail(f"announced although it cannot start: {line}")


def test_a_port_that_is_taken_is_named_with_the_next_one(store):
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortInUse, match=f"Port {port} on 127.0.0.1 cannot be served on.*--port {port + 1}"):
            serve(store, ServerSettings(port=port), announce=never)

    require_free(port, ADDRESS)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.4", "example.org", "", "::"])
def test_personal_links_are_never_served_beyond_loopback(store, address):
    with pytest.raises(SettingWrong, match="personal links are for loopback alone"):
        serve(store, ServerSettings(port=free_port(), address=address), announce=never)


def test_a_folder_that_is_no_store_is_not_served(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(StoreProblem):
            serve(folder, ServerSettings(port=free_port()), announce=never)
        with pytest.raises(StoreProblem):
            demo_people(folder)


def test_the_demos_people_are_a_director_the_two_busiest_therapists_and_a_supervisor_of_three(store, records):
    people = demo_people(store)
    busiest = clinics.therapists(records)[:3]

    assert [viewer.role for viewer in people.viewers.values()] == ["director", "therapist", "therapist", "supervisor"]
    assert [viewer.scope for viewer in people.viewers.values()] == [None, (busiest[0],), (busiest[1],), tuple(sorted(busiest))]
    assert dict(people.viewer("dora").names) == {busiest[0]: "Tariq", busiest[1]: "Tess"} and set(people.viewer("tess").names) == {busiest[1]}
    assert all(viewer.user == user for user, viewer in people.viewers.items())


def test_a_demo_with_one_therapist_has_one_therapist_to_be(tmp_path):
    clinics.opened(tmp_path, clinics.counted(("T1", 3, 3))).engine.close()

    assert len(demo_people(tmp_path).viewers) == 2


def test_nobody_unknown_is_a_viewer():
    people = People({"dora": Viewer("dora", "director")})

    assert people.viewer("dora").role == "director"
    for user in ("", "guest", "Dora", "eve"):
        with pytest.raises(NotAllowed):
            people.viewer(user)


def test_personal_links_are_made_anew_at_every_start_and_belong_to_one_person():
    people = People({user: Viewer(user, "director") for user in ("dora", "dirk")})
    first, second = PersonalLinks(people), PersonalLinks(people)

    assert len({*first.keys.values(), *second.keys.values()}) == 4
    assert {user: first.user(key) for user, key in first.keys.items()} == {"dora": "dora", "dirk": "dirk"}
    assert [first.user(key) for key in (*second.keys.values(), "", "dora", "ключ")] == [None] * 5
    assert min(len(key) for key in first.keys.values()) >= 24
