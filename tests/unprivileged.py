"""The rights of an ordinary account in a process of root's: a test that takes rights away from a folder would otherwise notice nothing of it.

Root passes over the rights of files by two capabilities (capabilities(7): CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH). They are put down for this thread, and those
that it starts meanwhile, and taken up again; user and owner stay who they are.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_VERSION_3 = 0x20080522
_OVERRIDE = 1 << 1 | 1 << 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def ordinary() -> Iterator[None]:
    """What runs in the block is held to the rights of files, whoever runs it."""
    if os.geteuid() != 0:
        yield
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("root's rights can be put down on Linux alone")
    system = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    if system.capget(ctypes.byref(header), sets):
        raise OSError(ctypes.get_errno(), "capget")
    before = sets[0].effective
    try:
        _put(system, header, sets, before & ~_OVERRIDE)
        yield
    finally:
        _put(system, header, sets, before)


def _put(system: ctypes.CDLL, header: _Header, sets: ctypes.Array, effective: int) -> None:
    sets[0].effective = effective
    if system.capset(ctypes.byref(header), sets):
        raise OSError(ctypes.get_errno(), "capset")
