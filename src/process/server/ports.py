"""Whether an address can be served on, asked before anything is built."""

from __future__ import annotations

import os
import socket

from process.errors import PortInUse


def require_free(port: int, address: str) -> None:
    """Raise `PortInUse` when an address cannot be served on, before anything is built."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was closed a moment ago is free, as it is for the server
        try:
            probe.bind((address, port))
        except OSError as error:
            other = port + 1 if port < 65535 else 5006
            why = os.strerror(error.errno or 0) if (error.errno or 0) > 0 else "there is no such address"
            raise PortInUse(f"Port {port} on {address} cannot be served on: {why}. Stop what uses it, or choose another: `--port {other}`.") from None
