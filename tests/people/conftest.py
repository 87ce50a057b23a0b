"""A table of people on disk, with passwords hashed cheaply: what is tested is who is let in, not how long it takes."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from process.people import People, Person, passwords, table
from process.people.person import now

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config" / "people.toml"
    given = (
        Person("dora", "director", "Dora Mint", password=passwords.hashed(PASSWORD)),
        Person("tess@clinic.example", "therapist", "Tess O'Hara", "T1", password=passwords.hashed(PASSWORD)),
        Person("sue", "supervisor", "Sue", "T2", ("T1", "T3")),
        Person("gone", "director", disabled=True, password=passwords.hashed(PASSWORD)),
        Person("tim", "therapist", "Tim", "T3", disabled=True),
    )
    with table.changing(path) as people:
        people.update({person.user: Person(**{**vars(person), "since": now(), "changed": now()}) for person in given})
    return path


@pytest.fixture
def lines():
    return []


@pytest.fixture
def people(file, lines):
    return People(file, lines.append)


@pytest.fixture
def change(file):
    """Change a person as a command does."""
    from dataclasses import replace

    def change(user, **values):
        with table.changing(file) as found:
            found[user] = replace(found[user], **{"changed": now(), **values})

    return change
