"""The words and addresses that no file of the project may hold."""

from __future__ import annotations

import re

import pytest

# Names that say nothing of what a module is about.
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "processor", "processors", "data", "common", "misc", "stuff", "core", "base"}
# A folder of somebody's machine: fine nowhere but in a test that must show one.
MACHINE_PATH = re.compile(r"(?<![\w.~<{}$)\]*-])/(?:work|tmp|root|home|farm|Users)/[A-Za-z.]")
INDEX_ADDRESS = re.compile(r"--(?:extra-)?(?:index|find)-(?:url|links)|\"resolved\": *\"http|^ *url *= *\"http", re.MULTILINE)
BINARY = {".png", ".jpg", ".gif", ".ico", ".woff2", ".parquet", ".xlsx", ".pdf"}


@pytest.fixture(scope="module")
def texts(project_files, root) -> dict[str, str]:
    """Every text file of the project by its path; the tests themselves are left out, they must name what they look for."""
    names = {path.relative_to(root).as_posix(): path for path in project_files if path.suffix not in BINARY}
    return {name: path.read_text(encoding="utf-8") for name, path in names.items() if not name.startswith("tests/")}


def test_no_module_has_a_name_that_says_nothing(root):
    places = (root / "src" / "process").rglob("*")
    modules = {path.relative_to(root).as_posix() for path in places if path.stem in EMPTY_NAMES and (path.is_dir() or path.suffix == ".py")}

    assert modules == set()


def test_no_file_names_a_folder_of_some_machine(texts):
    assert len(texts) > 10
    assert matches(texts, MACHINE_PATH) == []


def test_no_file_names_a_package_index(texts):
    assert matches(texts, INDEX_ADDRESS) == []


@pytest.mark.parametrize("text", ["cd /home/anna/clinic", 'open("/tmp/x.csv")', "`/root/.config`", "store=/Users/anna/store"])
def test_a_folder_of_a_machine_would_be_noticed(text):
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize("text", ["https://clinic.example/home/start", "docs/home/page", "$HOME/work/store", "/srv/clinic/store", "{root}/tmp/x"])
def test_other_paths_and_addresses_are_left_alone(text):
    assert not MACHINE_PATH.search(text)


@pytest.mark.parametrize("text", [f"pip install --{'index'}-url https://x", f"--{'find'}-links wheels", '  url = "https://x"'])
def test_a_package_index_would_be_noticed(text):
    assert INDEX_ADDRESS.search(text)


def matches(texts: dict[str, str], pattern: re.Pattern) -> list[str]:
    """Each place where the pattern is found, as file: text."""
    return [f"{name}: {found.group()}" for name, text in texts.items() for found in pattern.finditer(text)]
