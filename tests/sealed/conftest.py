"""Keys of a test lie in a folder of its own, and no keyring of this machine is asked."""

from __future__ import annotations

import pytest

from process.sealed import keyrings


@pytest.fixture(autouse=True)
def own_keys(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("THERAPY_PROCESS_KEY_FILE", "THERAPY_PROCESS_CODES_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(keyrings, "_backend", lambda: None)
    return tmp_path / "config"
