"""What a person types that must stand in no command line, no shell's history and no log: asked for at the terminal, or read from standard input."""

from __future__ import annotations

import sys

import typer

from process.errors import SettingWrong


def asked(what: str, hidden: bool = False) -> str:
    """One line: prompted for on stderr where somebody sits at a terminal, else the first line of standard input. `SettingWrong` where it is empty."""
    if sys.stdin.isatty():
        line = typer.prompt(what, hide_input=hidden, err=True)
    else:
        line = sys.stdin.readline()
    if not line.strip():
        raise SettingWrong(f"{what} is needed: type it when asked, or give it on standard input; never on the command line.")
    return line.strip()
