"""The command's frame: the app that the commands are added to, its two consoles, and how a person's mistake ends it.

A user's mistake is one message on stderr and the mistake's own exit code; an unexpected error is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from process import __version__
from process.cli.disk import LOOP, mistake
from process.contract.tables import VERSION
from process.errors import SettingWrong, UserError

LOOPBACK = "127.0.0.1"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="rich")
out = Console(soft_wrap=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to serve on.")]
StoreFolder = Annotated[Path, typer.Argument(metavar="STORE", help="The store's folder.")]


def main() -> None:
    """Run the command; end with the exit code of the user's mistake where there is one."""
    try:
        app()
    except UserError as wrong:
        _end(wrong)
    except OSError as fault:
        found = mistake(fault)
        if found is None:
            raise
        _end(found)
    except RuntimeError as fault:
        if not str(fault).startswith("Symlink loop"):  # what Python 3.11 and 3.12 say of a link that leads to itself; 3.13 says an OSError
            raise
        _end(SettingWrong(LOOP))


def _end(wrong: UserError) -> NoReturn:
    err.print(f"[bold red]Error:[/bold red] {escape(str(wrong))}")
    sys.exit(wrong.exit_code)


def _version(asked: bool) -> None:
    if asked:
        out.print(f"therapy-process {__version__} (contract {VERSION})", highlight=False)
        raise typer.Exit


@app.callback()
def therapy_process(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")] = False) -> None:
    """Dashboards of the therapy process: goals, alliance and its repair, caseloads."""


def say(line: str) -> None:
    """A sentence or a link on stdout, never broken across lines."""
    out.print(line, soft_wrap=True, markup=False, highlight=False)


@contextmanager
def progress(lines: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr, gone when its work is done; what it yields is told (what, done, total).

    Where stderr is not a terminal there is nothing, or with `lines` one line a step.
    """
    if not err.is_terminal:
        yield lambda what, done, total: err.print(what, markup=False) if lines else None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total if total > 1 else None)
