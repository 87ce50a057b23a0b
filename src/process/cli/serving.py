"""`therapy-process serve`: a store's pages, to this machine or to a clinic; `therapy-process secret`: what its cookies are signed with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from process import store
from process.cli.app import StoreFolder, app, progress, say
from process.cli.keys import StoreKey
from process.errors import SettingWrong
from process.server import secret_files, starting, told
from process.server.ports import require_free
from process.store.unlocking import hand_in_file

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="The server's settings (server.toml): how people sign in, what stands in front.")
]


@app.command("serve")
def serve_command(
    folder: StoreFolder,
    settings: SettingsFile = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port to serve on, instead of the one in the settings.")] = None,
    address: Annotated[str | None, typer.Option(help="The address to serve on, instead of the one in the settings.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Say everything that would stop the server, and end.")] = False,
    key: StoreKey = None,
) -> None:
    """Serve a store's pages; what is loaded meanwhile is shown without a restart."""
    hand_in_file(key)
    generation = store.current(folder)
    if check:
        checked(settings, port=port, address=address)
        return
    # the demo has made-up people; the owner of any other store is its director, until people sign in
    serve(folder, settings, port=port, address=address, demo_people=generation.manifest.get("about", {}).get("demo") is not None, open_browser=False)


@app.command("secret")
def secret_command(file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.")]) -> None:
    """Draw a secret into a new file that only its owner can read."""
    secret_files.make(file)
    say(f"A secret is in {file}. Name it in the server's settings, and keep it out of backups of the store.")


def serve(folder: Path, settings: Path | None = None, *, port: int | None, address: str | None, demo_people: bool, open_browser: bool) -> None:
    """Serve a store until interrupted: as the settings say, or on loopback with the demo's made-up people or the owner as director."""
    with progress(lines=True) as tell:
        tell("starting the server", 0, 1)
        found = told(settings, port=port, address=address)
        starting.refuse(found)
        if found.unix_socket is None:
            require_free(found.port, found.address)
        from process import server  # Panel takes seconds to import; no other command waits for it

        people = server.demo_people(folder) if demo_people and found.sign_in == "links" else None
    server.serve(folder, found, people=people, open_browser=open_browser, announce=say)


def checked(settings: Path | None, *, port: int | None = None, address: str | None = None) -> None:
    """Say everything that would stop a server with these settings; `SettingWrong` where there is any."""
    found = starting.problems(told(settings, port=port, address=address))
    for problem in found:
        say(f"Wrong: {problem}")
    if found:
        raise SettingWrong(f"The server would not start: {len(found)} thing{'s' if len(found) > 1 else ''} to mend.")
    say("The server would start with these settings.")
