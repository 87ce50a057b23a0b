"""A new password: typed twice at the terminal, or read from a file or standard input; what comes back is its hash."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from process.errors import FileMissing, SettingWrong
from process.people import passwords


def new_password(user: str, file: Path | None) -> str:
    """The hash of the password that was given for that user. `SettingWrong` for one that is too easy, `FileMissing` for a file that cannot be read."""
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise FileMissing(f"The file {file} of the password cannot be read as text.") from None
        return passwords.hashed(lines[0] if lines else "", user)
    if not sys.stdin.isatty():
        return passwords.hashed(sys.stdin.readline().rstrip("\r\n"), user)
    while True:
        typed = typer.prompt("Password", hide_input=True, err=True)
        try:
            passwords.refuse(typed, user)
        except SettingWrong as wrong:
            typer.echo(str(wrong), err=True)
            continue
        if typer.prompt("The same again", hide_input=True, err=True) == typed:
            return passwords.hashed(typed, user)
        typer.echo("The two are not the same.", err=True)
