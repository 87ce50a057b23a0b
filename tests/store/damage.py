"""Ways in which a store comes to harm, each as a crash, a disk or a person does it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from process.store import current


def flip(path: Path) -> None:
    """One bit in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def cut(path: Path) -> None:
    """The second half of a file is gone."""
    os.truncate(path, path.stat().st_size // 2)


def _served(store: Path) -> Path:
    return current(store).path


def _stale_log(store: Path) -> None:
    path = _served(store)
    path.with_name(f"{path.name}.wal").write_bytes(b"stale" * 100)


def _from_the_future(store: Path) -> None:
    path = _served(store).with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": "2199-01-01T00:00:00+00:00"}))


WAYS = {
    "pointer missing": lambda store: (store / "current").unlink(),
    "pointer empty": lambda store: (store / "current").write_text(""),
    "pointer stale": lambda store: (store / "current").write_text("g000042-aaaaaa\n"),
    "pointer outside": lambda store: (store / "current").write_text("../../elsewhere\n"),
    "generation gone": lambda store: _served(store).unlink(),
    "manifest gone": lambda store: _served(store).with_suffix(".json").unlink(),
    "manifest cut": lambda store: cut(_served(store).with_suffix(".json")),
    "bit flipped": lambda store: flip(_served(store)),
    "cut short": lambda store: cut(_served(store)),
    "header overwritten": lambda store: _served(store).open("r+b").write(b"\xff" * 4096),
    "stale log": _stale_log,
    "left-overs": lambda store: (store / "generations" / ".building-g000009-aaaaaa.duckdb").write_bytes(b"cut"),
    "readable by others": lambda store: _served(store).chmod(0o644),
    "identity gone": lambda store: (store / "store.json").unlink(),
    "identity cut": lambda store: cut(store / "store.json"),
    "clock moved": _from_the_future,
}
"""What is done to a store that has two generations, by name."""
