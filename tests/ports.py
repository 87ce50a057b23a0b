"""Ports for the servers that tests start.

A port that the system picks is free when it is asked for and may be somebody else's by the time a server of another process listens on it: connections that go
out are given ports of the same range. These are below that range, and every process that runs tests has some of its own.
"""

from __future__ import annotations

import os
import socket
from itertools import count

LOWEST, EACH, LOTS = 12_000, 64, 300
"""The first port, how many a process has, and for how many processes there are some: up to 31,199. Linux begins at 32,768 with those it picks, others later."""
_next = count()


def free_port() -> int:
    """A port that nothing listens on and that no other test of this run is given while its server starts."""
    for _ in range(EACH):
        port = LOWEST + EACH * (os.getpid() % LOTS) + next(_next) % EACH
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: one that has just ended is no hindrance
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port of {EACH} is free")


def free_ports(count: int) -> list[int]:
    """Several of them."""
    return [free_port() for _ in range(count)]
