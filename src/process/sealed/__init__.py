"""Keys, and files sealed with them: what must not be readable by whoever holds the disk.

>>> key = process.sealed.find_or_make("codes-3f2a9c")
>>> process.sealed.write_sealed(Path("codes.sealed"), b"…", key, "codes")
"""

from process.sealed.box import read_sealed, seal, unseal, write_sealed
from process.sealed.keys import Key, find, find_or_make, made

__all__ = ["Key", "find", "find_or_make", "made", "read_sealed", "seal", "unseal", "write_sealed"]
