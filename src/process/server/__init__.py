"""The server: pages behind one gate, on loopback."""

from process.server.people import People
from process.server.serve import demo_people, serve

__all__ = ["People", "demo_people", "serve"]
