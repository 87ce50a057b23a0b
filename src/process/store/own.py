"""The clinic's own instruments: named once with a load, kept beside the generations, known to every later load.

They are kept as the files that the clinic wrote, one an instrument under its id, so that they are checked anew at each load as a file from outside is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from process.contract import instruments
from process.contract.instruments import Form
from process.store.folder import FOLDER_MODE, INSTRUMENTS, write_whole


@dataclass(frozen=True)
class OwnInstruments:
    """What a load knows: `forms`, the whole registry with the clinic's own, and `files`, the text of each own file by its instrument's id."""

    forms: tuple[Form, ...]
    files: Mapping[str, str] = field(default_factory=dict)


def own_instruments(store: Path, added: Path | None = None) -> OwnInstruments:
    """The registry with the instruments that this store keeps and those of the folder `added`, which take the place of kept ones with the same id.

    Raises `SettingWrong` where a file is not in order, `FileMissing` where `added` holds none.
    """
    kept = Path(store) / INSTRUMENTS
    files = _by_instrument(kept) if kept.is_dir() and any(kept.glob("*.toml")) else {}
    if added is not None:
        files |= _by_instrument(Path(added))
    forms = [form for found, _ in files.values() for form in found]
    ordered = tuple(sorted(forms, key=lambda form: (form.instrument, form.priority)))
    return OwnInstruments(instruments.with_added(ordered), {name: text for name, (_, text) in files.items()})


def keep(store: Path, own: OwnInstruments) -> None:
    """Write the clinic's own files into the store, each whole; an instrument that is kept already gets its new text."""
    if not own.files:
        return
    folder = Path(store) / INSTRUMENTS
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    for name, text in own.files.items():
        write_whole(folder / f"{name}.toml", text)


def _by_instrument(folder: Path) -> dict[str, tuple[tuple[Form, ...], str]]:
    forms = instruments.added(folder)
    found = {}
    for path in sorted(folder.glob("*.toml")):
        ids = {form.instrument for form in forms if form.file == path.name}
        found |= {name: (tuple(form for form in forms if form.instrument == name), path.read_text("utf-8")) for name in ids}
    return found
