"""The command `therapy-process`: one module a group of commands, each of which adds its own to the one app."""

from process.cli import demo, loading, methods, serving, stores
from process.cli.app import app, main

__all__ = ["app", "demo", "loading", "main", "methods", "serving", "stores"]
