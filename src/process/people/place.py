"""Where the table of people lies: outside the store's generations, so that a load, a rollback or a restore never changes who may see what."""

from __future__ import annotations

import os
from pathlib import Path

PEOPLE_FILE = "THERAPY_PROCESS_PEOPLE"


def people_file(named: Path | None = None) -> Path:
    """The file: `named`, or the one the environment names (`THERAPY_PROCESS_PEOPLE`), or `<config>/therapy-process/people.toml`."""
    if named is not None:
        return Path(named)
    if told := os.environ.get(PEOPLE_FILE):
        return Path(told)
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "therapy-process" / "people.toml"
