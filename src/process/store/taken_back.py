"""What a restore that is refused leaves: nothing where nothing was, and a store that was there as it was.

What a killed one leaves means nothing, and is swept by the next command; what is taken back here is what a person would take for a store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from process.sealed.whole import put
from process.store.folder import FORGOTTEN, JOURNAL, POLICY, remove
from process.store.generation import pointed_to
from process.store.unlocking import IDENTITY

_SMALL = (IDENTITY, POLICY, FORGOTTEN)
_OF_THE_COMMAND = (JOURNAL, "lock")


@contextmanager
def no_folder_left(store: Path) -> Iterator[None]:
    """Where the block is refused, the folders and files of a store that it began are gone; a folder that was there and empty is empty again."""
    missing = [folder for folder in (store, *store.parents) if not folder.exists()]
    made = [name for name in (*_OF_THE_COMMAND, "generations") if not (store / name).exists()]
    try:
        yield
    except BaseException:
        if "generations" in made:
            with suppress(OSError):
                with suppress(FileNotFoundError):
                    (store / "generations").rmdir()  # not empty: another command has begun here
                for name in set(made) & set(_OF_THE_COMMAND):
                    (store / name).unlink(missing_ok=True)
                for folder in missing:
                    folder.rmdir()
        raise


@contextmanager
def nothing_else_left(store: Path) -> Iterator[None]:
    """Where the block is refused before the pointer moves, what it put into the store is gone, and its small files say what they said. Only under the lock."""
    there, pointed = set(store.rglob("*")), pointed_to(store)
    said = {name: (store / name).read_bytes() for name in _SMALL if (store / name).is_file()}
    try:
        yield
    except BaseException:
        if pointed_to(store) == pointed:
            for path in sorted(set(store.rglob("*")) - there, reverse=True):
                if path.name not in _OF_THE_COMMAND:
                    with suppress(OSError):
                        remove(path, shred=True)
            for name, content in said.items():
                with suppress(OSError):
                    if (store / name).read_bytes() != content:
                        put(store / name, content)
        raise


__all__ = ["no_folder_left", "nothing_else_left"]
