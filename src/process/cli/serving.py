"""`therapy-process serve`: a store's pages on this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from process import store
from process.cli.app import LOOPBACK, Port, StoreFolder, app, progress, say
from process.cli.keys import StoreKey
from process.errors import PortInUse
from process.store.unlocking import hand_in_file


@app.command("serve")
def serve_command(
    folder: StoreFolder,
    port: Port = 5006,
    address: Annotated[str, typer.Option(help="The address to serve on; this machine alone unless told otherwise.")] = LOOPBACK,
    key: StoreKey = None,
) -> None:
    """Serve a store's pages; what is loaded meanwhile is shown without a restart."""
    hand_in_file(key)
    generation = store.current(folder)
    require_free(port, address)
    # the demo has made-up people; until accounts are kept, the owner of any other store is its director
    serve(folder, port, address, demo_people=generation.manifest.get("about", {}).get("demo") is not None, open_browser=False)


def serve(folder: Path, port: int, address: str, *, demo_people: bool, open_browser: bool) -> None:
    """Serve a store until interrupted, with the demo's made-up people or the owner as director."""
    with progress(lines=True) as tell:
        tell("starting the server", 0, 1)
        from process import server  # Panel takes seconds to import; no other command waits for it

        people = server.demo_people(folder) if demo_people else None
    server.serve(folder, port=port, address=address, people=people, open_browser=open_browser, announce=say)


def require_free(port: int, address: str) -> None:
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
