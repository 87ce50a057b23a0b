"""docs/operations.md names every command, option, exit code and environment variable, and none that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from process import cli, errors

DOCS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def _flat(group, before: str = "") -> dict:
    """Every command by its whole name, those of groups among them (`mapping new`)."""
    found = {}
    for name, command in group.commands.items():
        found |= _flat(command, f"{before}{name} ") if hasattr(command, "commands") else {f"{before}{name}": command}
    return found


COMMANDS = _flat(typer.main.get_command(cli.app))


def test_every_command_is_documented_and_no_other():
    assert sorted(re.findall(r"^### `therapy-process ([a-z]+(?: [a-z]+)?)", DOCS, re.MULTILINE)) == sorted(COMMANDS)


def test_every_option_of_every_command_is_documented_with_it():
    for name, command in COMMANDS.items():
        part = re.search(rf"^### `therapy-process {name}\b.*?(?=^##)", DOCS, re.MULTILINE | re.DOTALL)[0]
        for parameter in command.params:
            for option in [*parameter.opts, *parameter.secondary_opts]:
                if option.startswith("--"):
                    assert f"`{option}" in part, f"{name} {option}"


def test_every_exit_code_is_documented_with_its_kind():
    kinds = sorted((kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.UserError)), key=lambda kind: kind.exit_code)

    found = re.findall(r"^\| (\d+) \| `(\w+)` \|", DOCS, re.MULTILINE)

    assert found == [(str(kind.exit_code), kind.__name__) for kind in kinds]


def test_every_environment_variable_of_the_command_is_documented():
    assert f"`{cli.demo.DEMO_STORE}`" in DOCS
