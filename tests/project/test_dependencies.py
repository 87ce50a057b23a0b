"""What the project needs is said once and locked once: pyproject.toml, environment.yml, requirements.txt and the imports agree."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

# The few packages that conda-forge calls something else.
CONDA_NAMES = {"duckdb": "python-duckdb", "playwright": "playwright-python"}
# Packages whose module has another name, as far as the source imports them.
MODULE_NAMES = {"pydantic-settings": "pydantic_settings", "markdown-it-py": "markdown_it", "argon2-cffi": "argon2", "pyjwt": "jwt", "pyyaml": "yaml"}
# Modules that a declared package brings and is built on: its own documentation says to import them.
COMES_WITH = {"panel": ("tornado", "panel_material_ui"), "pydantic-settings": ("pydantic",), "nbconvert": ("nbformat",), "pytest-xdist": ("xdist",)}


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def declared(project: dict) -> dict[str, SpecifierSet]:
    groups = project["dependency-groups"]
    extras = project["project"]["optional-dependencies"]
    return ranges([*project["project"]["dependencies"], *extras["encryption"], *groups["lab"], *groups["test"]])


@pytest.fixture(scope="module")
def locked(root: Path) -> dict[str, list[str]]:
    """Each locked requirement, without comments, with the hashes that follow it."""
    entries: dict[str, list[str]] = {}
    for line in lock_lines(root):
        if line.startswith("--hash="):
            entries[list(entries)[-1]].append(line.removeprefix("--hash="))
        else:
            entries[line] = []
    return entries


def test_conda_users_get_the_same_dependencies(root, project, declared):
    listed = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    environment = [entry for entry in listed if isinstance(entry, str)] + [name for entry in listed if isinstance(entry, dict) for name in entry["pip"]]
    wanted = {CONDA_NAMES.get(name, name): allowed for name, allowed in declared.items()}
    wanted |= {"python": SpecifierSet(project["project"]["requires-python"]), "pip": SpecifierSet("")}

    assert ranges(environment) == wanted


def test_no_dependency_is_named_twice(project):
    groups = project["dependency-groups"]
    for names in (project["project"]["dependencies"], groups["lab"], groups["test"]):
        assert len(ranges(names)) == len(names)


def test_every_locked_requirement_is_one_release_with_its_hashes(locked):
    assert len(locked) > 50
    for requirement, hashes in locked.items():
        assert re.fullmatch(r"[a-z0-9.-]+==[^ =*]+( ; .+)?", requirement), requirement
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", entry) for entry in hashes), requirement


def test_the_lock_names_no_index_and_no_folder(root):
    text = (root / "requirements.txt").read_text()

    assert [line for line in text.splitlines() if line.startswith("-")] == []
    assert "://" not in text and "file:" not in text
    assert not re.search(r"(^|\s)\.{0,2}/\w", text), "a path"


def test_the_lock_satisfies_every_declared_range(locked, declared):
    releases = releases_of(locked)
    missing = [name for name in declared if name not in releases]
    outside = [name for name in declared if name in releases and not all(declared[name].contains(release) for release in releases[name])]

    assert (missing, outside) == ([], [])


def test_every_python_gets_the_same_tested_panel_and_duckdb(locked):
    releases = releases_of(locked)

    assert releases["panel"] == ["1.9.4"]
    assert releases["duckdb"] == ["1.5.5"]


def test_the_project_can_be_built_from_the_lock_alone(project, declared, locked):
    for requirement in map(Requirement, project["build-system"]["requires"]):
        assert declared[requirement.name] == requirement.specifier
        assert requirement.name in releases_of(locked)


def test_every_dependency_says_why_it_is_there(root):
    text = (root / "pyproject.toml").read_text()
    entries = re.findall(r'^    "[a-z][a-z0-9-]*[<>=].*$', text, flags=re.MULTILINE)

    assert len(entries) > 15
    assert [entry for entry in entries if not re.search(r",\s+# \w", entry)] == []


def test_the_package_imports_only_what_it_declares(root, project):
    assert undeclared(root / "src" / "process", ranges(project["project"]["dependencies"]), own={"process"}) == []


def test_the_tests_import_only_what_is_declared(root, declared):
    files = [path for folder in ("tests", "tools") for path in (root / folder).rglob("*")]
    own = {"process", "tests", "benchmarks"} | {path.stem for path in files if path.suffix == ".py" or path.is_dir()}

    assert undeclared(root / "tests", declared, own) == []


def test_an_import_that_is_not_declared_is_noticed(tmp_path):
    (tmp_path / "door.py").write_text("import json\nimport pandas.api\nimport pydantic\n\ndef late():\n    from polars import col\n")

    assert undeclared(tmp_path, ["pandas", "pydantic-settings"], own=set()) == ["door.py imports polars"]


def ranges(requirements: list[str]) -> dict[str, SpecifierSet]:
    """The allowed range of each named package."""
    parsed = map(Requirement, requirements)
    return {canonicalize_name(requirement.name): requirement.specifier for requirement in parsed}


def lock_lines(root: Path) -> Iterator[str]:
    """The lock's lines that are neither comments nor empty, without the backslashes that join them."""
    for line in (root / "requirements.txt").read_text().splitlines():
        text = line.strip().removesuffix("\\").strip()
        if text and not text.startswith("#"):
            yield text


def releases_of(locked: dict[str, list[str]]) -> dict[str, list[str]]:
    """The locked releases of each package; several where a marker tells them apart."""
    releases: dict[str, list[str]] = {}
    for requirement in map(Requirement, locked):
        (specifier,) = requirement.specifier
        releases.setdefault(canonicalize_name(requirement.name), []).append(specifier.version)
    return releases


def undeclared(folder: Path, declared, own: set[str]) -> list[str]:
    """Each outside module that a file imports and no declared package brings."""
    known = {MODULE_NAMES.get(name, name.replace("-", "_")) for name in declared} | own | set(sys.stdlib_module_names)
    known |= {module for name in declared for module in COMES_WITH.get(name, ())}
    found = []
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            else:
                continue
            found += [f"{path.relative_to(folder)} imports {name}" for name in names if name.split(".")[0] not in known]
    return found
