"""What a store holds, and what can be done to it as a whole."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from process import store
from process.cli.app import StoreFolder, app, out


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
