"""The server behind nginx. Where nginx is not installed these tests say so and are not run; with REQUIRE_NGINX set, as in continuous integration, they fail."""

from __future__ import annotations

import os

import pytest
from tests import clinics
from tests.deploy import installed
from tests.ports import free_ports

NOT_RUN = "nginx is not installed (Debian: apt install nginx), so the shipped configuration was NOT tried: run `make test` again with it, or name it in NGINX"


@pytest.fixture(scope="session")
def with_nginx():
    if installed.nginx_path() is None:
        (pytest.fail if os.environ.get("REQUIRE_NGINX") else pytest.skip)(NOT_RUN)


@pytest.fixture(scope="session")
def people(records):
    """A director and two therapists, with passwords."""
    first, second = clinics.therapists(records)[:2]
    everybody = (("dora", "director", ""), ("tess", "therapist", first), ("tariq", "therapist", second))
    return {user: installed.person(user, role, therapist, installed.PASSWORD) for user, role, therapist in everybody}


@pytest.fixture(scope="session")
def running(with_nginx, tmp_path_factory, store, people):
    """nginx, two processes and local accounts."""
    folder = tmp_path_factory.mktemp("deployed")
    settings = installed.etc(folder, "local", people)
    ports = free_ports(2)
    with installed.deployed(store, settings, ports, folder) as front:
        yield front
