"""The command `therapy-process`: the demo clinic, loading a clinic's files, serving a store, saying what is in one.

A user's mistake is one message on stderr and the mistake's own exit code; an unexpected error is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from process import __version__, demo, intake, shipped, store
from process.contract.tables import VERSION
from process.errors import PortInUse, StoreProblem, UserError
from process.measures.publishing import publish

LOOPBACK = "127.0.0.1"
DEMO_STORE = "THERAPY_PROCESS_DEMO_STORE"
_MADE_BY = ("contract", "demo", "intake", "store", "measures")  # the packages, and the shipped folders below, that decide what is in a demo store
_MADE_FROM = ("demo", "instruments")

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="rich")
out = Console(soft_wrap=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to serve on.")]
StoreFolder = Annotated[Path, typer.Argument(metavar="STORE", help="The store's folder.")]


def main() -> None:
    """Run the command; end with the exit code of the user's mistake where there is one."""
    try:
        app()
    except UserError as mistake:
        err.print(f"[bold red]Error:[/bold red] {escape(str(mistake))}")
        sys.exit(mistake.exit_code)


def _version(asked: bool) -> None:
    if asked:
        out.print(f"therapy-process {__version__} (contract {VERSION})", highlight=False)
        raise typer.Exit


@app.callback()
def therapy_process(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")] = False) -> None:
    """Dashboards of the therapy process: goals, alliance and its repair, caseloads."""


@app.command("demo")
def demo_command(
    port: Port = 5006,
    courses: Annotated[int | None, typer.Option(help="Courses of therapy to simulate.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same clinic.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the first page in a browser.")] = True,
    folder: Annotated[Path, typer.Option("--store", envvar=DEMO_STORE, help="Where the demo clinic's store lies.")] = Path("demo-store"),
    build_only: Annotated[bool, typer.Option("--build-only", help="Make the store and end, without serving it.")] = False,
) -> None:
    """Make the simulated demo clinic, unless it is there already, and serve it on this machine."""
    if not build_only:
        _require_free(port, LOOPBACK)
    settings = demo.Settings(**{name: value for name, value in (("courses", courses), ("seed", seed)) if value is not None})
    _demo_store(folder, settings)
    if not build_only:
        _serve(folder, port, LOOPBACK, demo_people=True, open_browser=browser)


@app.command("intake")
def intake_command(
    folder: StoreFolder,
    files: Annotated[list[Path], typer.Argument(metavar="FILES…", help="The contract's <table>.csv files, their folder, or one export with --mapping.")],
    mapping: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="A shipped mapping's name, or your own .toml file.")] = None,
    own: Annotated[
        Path | None, typer.Option("--instruments", metavar="FOLDER", help="A folder of your own instruments (.toml); the store keeps them for later loads.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Report what a load would do, and load nothing.")] = False,
    anew: Annotated[bool, typer.Option("--new-parameters", help="Estimate clinic-wide parameters anew, though this quarter has some.")] = False,
) -> None:
    """Check a clinic's files and load them as the store's new generation."""
    store.loadable(folder)
    known = store.own_instruments(folder, own)
    with _progress() as tell:
        loaded = intake.read(files, mapping, tell, known.forms)
    out.print(intake.shown_report(loaded.report))
    if check:
        _say("Checked only: nothing was loaded. These files would load.")
        return
    with _progress() as tell:
        generation = publish(folder, loaded.records, tell, about={"intake": loaded.report.as_dict()}, anew=anew, own=known)
    out.print(
        f"Loaded into {escape(str(folder))} as generation {generation.name}. Look at it with: therapy-process serve {escape(str(folder))}", highlight=False
    )


@app.command("serve")
def serve_command(
    folder: StoreFolder,
    port: Port = 5006,
    address: Annotated[str, typer.Option(help="The address to serve on; this machine alone unless told otherwise.")] = LOOPBACK,
) -> None:
    """Serve a store's pages."""
    generation = store.current(folder)
    _require_free(port, address)
    # the demo has made-up people; until accounts are kept, the owner of any other store is its director
    _serve(folder, port, address, demo_people=_made_as(generation) is not None, open_browser=False)


@app.command("info")
def info_command(folder: StoreFolder) -> None:
    """Say what a store holds."""
    generation = store.current(folder)
    store.DuckDBEngine.open(generation).close()
    manifest = generation.manifest
    facts = Table.grid(padding=(0, 2))
    for name in ("clinic", "source", "origin", "as_of", "created", "contract_version", "product_version"):
        facts.add_row(name.replace("_", " "), escape(str(manifest[name])))
    facts.add_row("generation", generation.name)
    facts.add_row("all generations", ", ".join(store.generations(folder)))
    if own := [form for form in store.own_instruments(folder).forms if form.own]:
        facts.add_row("own instruments", ", ".join(f"{form.label} ({form.instrument}, {form.form})" for form in own))
    out.print(facts)
    rows = Table("table", title="Rows", title_justify="left")
    rows.add_column("rows", justify="right")
    for name, count in manifest["counts"].items():
        rows.add_row(name, f"{count:,}")
    out.print(rows)


@app.command("methods")
def methods_command() -> None:
    """Write docs/methods.md to stdout: every measure with its formula, its choices and the numbers it rests on."""
    from process.pages import PLANS, methods  # Panel takes seconds to import; only what needs it waits

    sys.stdout.write(methods.markdown({plan.name: plan.label for plan in PLANS.values()}))


def _demo_store(folder: Path, settings: demo.Settings) -> None:
    """Make the demo clinic's store unless this very one is there: simulated, written as CSV, and taken in like any clinic's files."""
    store.loadable(folder)
    wanted = _demo_key(settings)
    if (folder / "current").exists():
        made = _made_as(store.current(folder))
        if made == wanted:
            return
        if made is None:
            raise StoreProblem(f"Store {folder} holds a clinic's own records; the demo does not replace them. Choose another folder with `--store DIR`.")
    with _progress(lines=True) as tell, tempfile.TemporaryDirectory(prefix="therapy-process-") as aside:
        tell("simulating the demo clinic", 0, 1)
        records = demo.simulate(settings)
        tell("writing its files", 0, 1)
        demo.write(records, Path(aside))
        loaded = intake.read([Path(aside)], None, tell)
        publish(folder, loaded.records, tell, about={"demo": wanted, "intake": loaded.report.as_dict()})
    _say(f"The demo clinic is simulated: {len(records['courses']):,} courses; no person stands behind them. Its store is {folder}.")


def _made_as(generation: store.Generation) -> str | None:
    """The key that a demo store was made with; None for a clinic's own records."""
    return generation.manifest.get("about", {}).get("demo")


def _demo_key(settings: demo.Settings) -> str:
    """What a demo store depends on: its settings, the versions, and the code and numbers that make it."""
    package = Path(__file__).parent
    made_by = [path for name in _MADE_BY for path in sorted((package / name).rglob("*")) if path.suffix in (".py", ".sql")]
    made_by += [path for name in _MADE_FROM for path in sorted(shipped.folder("data", name).rglob("*.toml"))]
    code = hashlib.sha256()
    for path in made_by:
        code.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{settings!r}; product {__version__}, contract {VERSION}, made by {code.hexdigest()[:16]}"


def _serve(folder: Path, port: int, address: str, *, demo_people: bool, open_browser: bool) -> None:
    with _progress(lines=True) as tell:
        tell("starting the server", 0, 1)
        from process import server  # Panel takes seconds to import; no other command waits for it

        people = server.demo_people(folder) if demo_people else None
    server.serve(folder, port=port, address=address, people=people, open_browser=open_browser, announce=_say)


def _require_free(port: int, address: str) -> None:
    """Refuse a port that is taken before anything is built."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was closed a moment ago is free, as it is for the server
        try:
            probe.bind((address, port))
        except OSError as error:
            other = port + 1 if port < 65535 else 5006
            why = os.strerror(error.errno or 0)
            raise PortInUse(f"Port {port} on {address} cannot be served on: {why}. Stop what uses it, or choose another: `--port {other}`.") from None


def _say(line: str) -> None:
    """A sentence or a link on stdout, never broken across lines."""
    out.print(line, soft_wrap=True, markup=False, highlight=False)


@contextmanager
def _progress(lines: bool = False) -> Iterator[Callable[[str, int, int], None]]:
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


if __name__ == "__main__":
    main()
