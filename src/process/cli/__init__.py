"""The command `therapy-process`: one module a group of commands, each of which adds its own to the one app."""

from process.cli import audit, codes, demo, exporting, forgetting, keys, loading, mapping, methods, people, serving, stores
from process.cli.app import app, main

__all__ = ["app", "audit", "codes", "demo", "exporting", "forgetting", "keys", "loading", "main", "mapping", "methods", "people", "serving", "stores"]
