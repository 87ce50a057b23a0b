"""Stores that are harmed while they are at work: a few times with every run of the suite, sixty times each where `-m soak` is said (`make soak`)."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from tests import clinics
from tests.faults.figures import figures
from tests.faults.forking import Forking
from tests.faults.small import CLINICS, delivery


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long versions are run when they are asked for, and only then."""
    if "soak" not in (config.option.markexpr or ""):
        items[:] = [item for item in items if "soak" not in item.keywords]


@pytest.fixture(scope="session")
def forking(tmp_path_factory):
    """What starts children that may be killed at any moment."""
    config = tmp_path_factory.mktemp("config")
    with Forking({"XDG_CONFIG_HOME": str(config)}) as started:
        started.config = config
        yield started


@pytest.fixture(autouse=True)
def own_keys(forking, monkeypatch):
    """The children's folder of keys is this process's too."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(forking.config))
    monkeypatch.delenv("THERAPY_PROCESS_KEY_FILE", raising=False)
    clinics.put_down_keys()


@pytest.fixture(scope="session")
def deliveries(tmp_path_factory):
    """The files of the small clinics, by name."""
    return {name: delivery(tmp_path_factory.mktemp(name), name) for name in CLINICS}


@pytest.fixture(scope="session")
def loaded(tmp_path_factory, forking, deliveries):
    """Stores that nothing ever happened to, with their folders of codes: after one load, and after two."""
    folders = {}
    for name, loads in (("once", ["before"]), ("twice", ["before", "after"])):
        folders[name] = tmp_path_factory.mktemp(name)
        if loads[1:]:
            shutil.copytree(folders["once"], folders[name], dirs_exist_ok=True)
        begin = forking.run if loads[1:] else partial(forking.learn, folders[name] / "modules.json")
        assert begin("load", folders[name] / "store", deliveries[loads[-1]]) == 0
    return folders


@pytest.fixture
def a_store(tmp_path, loaded):
    """A store of the test's own that has been loaded `once` or `twice`."""

    def make(times: str, place: Path = tmp_path) -> Path:
        shutil.copytree(loaded[times], place, dirs_exist_ok=True)
        return place / "store"

    return make


@pytest.fixture(scope="session")
def reference(forking, loaded):
    """The figures of each small clinic."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CONFIG_HOME", str(forking.config))
        found = {"before": figures(loaded["once"] / "store"), "after": figures(loaded["twice"] / "store")}
    assert found["before"] != found["after"]
    return found
