"""`therapy-process demo`: the simulated clinic, made by the ordinary way of loading, and served."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from process import __version__, demo, intake, shipped, store
from process.cli.app import LOOPBACK, Port, app, progress, say
from process.cli.serving import serve
from process.contract.tables import VERSION
from process.errors import StoreProblem
from process.measures.publishing import publish
from process.server.ports import require_free

DEMO_STORE = "THERAPY_PROCESS_DEMO_STORE"
_MADE_BY = ("contract", "demo", "intake", "store", "measures")  # the packages, and the shipped folders below, that decide what is in a demo store
_MADE_FROM = ("demo", "instruments")


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
        require_free(port, LOOPBACK)
    settings = demo.Settings(**{name: value for name, value in (("courses", courses), ("seed", seed)) if value is not None})
    _demo_store(folder, settings)
    if not build_only:
        serve(folder, port=port, address=LOOPBACK, demo_people=True, open_browser=browser)


def _demo_store(folder: Path, settings: demo.Settings) -> None:
    """Make the demo clinic's store unless this very one is there: simulated, written as CSV, and taken in like any clinic's files."""
    store.loadable(folder)
    wanted = _demo_key(settings)
    if (folder / "current").exists():
        made = made_as(store.current(folder))
        if made == wanted:
            return
        if made is None:
            raise StoreProblem(f"Store {folder} holds a clinic's own records; the demo does not replace them. Choose another folder with `--store DIR`.")
    with progress(lines=True) as tell, tempfile.TemporaryDirectory(prefix="therapy-process-") as aside:
        tell("simulating the demo clinic", 0, 1)
        records = demo.simulate(settings)
        tell("writing its files", 0, 1)
        demo.write(records, Path(aside))
        loaded = intake.read([Path(aside)], None, tell)
        publish(folder, loaded.records, tell, about={"demo": wanted, "intake": loaded.report.as_dict()})
    say(f"The demo clinic is simulated: {len(records['courses']):,} courses; no person stands behind them. Its store is {folder}.")


def made_as(generation: store.Generation) -> str | None:
    """The key that a demo store was made with; None for a clinic's own records."""
    return generation.manifest.get("about", {}).get("demo")


def _demo_key(settings: demo.Settings) -> str:
    """What a demo store depends on: its settings, the versions, and the code and numbers that make it."""
    package = Path(__file__).parents[1]
    made_by = [path for name in _MADE_BY for path in sorted((package / name).rglob("*")) if path.suffix in (".py", ".sql")]
    made_by += [path for name in _MADE_FROM for path in sorted(shipped.folder("data", name).rglob("*.toml"))]
    code = hashlib.sha256()
    for path in made_by:
        code.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{settings!r}; product {__version__}, contract {VERSION}, made by {code.hexdigest()[:16]}"
