"""The audit log: who asked what, with which filter, how many rows, of which generation; refusals, sign-ins and exports too; never a value.

>>> audit.keep(Path("clinic-store-audit"))                      # the server, once, before its first page
>>> audit.note("signed_in", viewer, how="oidc")                 # raises `LogProblem` where the line cannot be written: then nobody signs in
>>> audit.note("sign_in_refused", None, how="local", why="wrong password")   # a name that is not in the table of people is never written down
>>> audit.note("refused", viewer, page="methods", why="not a director")
>>> audit.note("signed_out", viewer)
>>> audit.note("ended", viewer, why="idle")                     # or: shift, disabled, role changed

Answers and exports are noted by the one door itself. Which kinds there are and what each may say: `lines.KINDS`.
"""

from process.access.audit.log import Log, close, flush, keep, kept, note, require
from process.access.audit.settled import Looking

__all__ = ["Log", "Looking", "close", "flush", "keep", "kept", "note", "require"]
