"""One person of the table: who they are, what they may see, and when either changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from process.access import Viewer
from process.contract.tables import CODE
from process.errors import SettingWrong, did_you_mean

ROLES = ("director", "supervisor", "therapist")
"""The roles a person of the table can have; the analyst is whoever owns the files and never signs in."""
NOBODY = ("guest", "nobody", "anonymous", "none", "null", "unknown")
"""Names that some proxy or identity provider gives to somebody who is not signed in; they are never anybody's, whatever the table says."""
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,99}")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Person:
    """One who may sign in. `therapist`: the display code of their own courses; `supervises`: those of their supervisees; `password`: its argon2id hash.

    `since` and `changed` are moments (UTC, ISO 8601): when the person was added, and when role, scope, access or password last changed.
    """

    user: str
    role: str
    name: str = ""
    therapist: str = ""
    supervises: tuple[str, ...] = ()
    disabled: bool = False
    password: str = field(default="", repr=False)
    since: str = ""
    changed: str = ""

    def __post_init__(self) -> None:
        """Refuse what the table cannot hold (`SettingWrong`); a message names the field, never what it holds."""
        refuse_user(self.user)
        if self.role not in ROLES:
            raise SettingWrong(f"`{shown(self.role)}` is not a role. {did_you_mean(str(self.role), ROLES)}")
        for code in (*([self.therapist] if self.therapist else []), *self.supervises):
            if not re.fullmatch(CODE, code):
                raise SettingWrong("A therapist is named by the display code of the store: up to 40 letters, digits, spaces and _ . / -.")
        if self.role == "therapist" and not self.therapist:
            raise SettingWrong(f"Therapist `{self.user}` needs the display code of their courses: `--therapist CODE`.")
        if self.role == "director" and self.therapist:
            raise SettingWrong("A director sees the whole clinic and has no `therapist` code. For somebody who also treats, add a second person.")
        if self.role != "supervisor" and self.supervises:
            raise SettingWrong("Only a supervisor has supervisees (`supervises`).")
        if len(self.name) > _LONGEST_NAME or not self.name.isprintable() or set(self.name) & set('<>&"`'):
            raise SettingWrong(f"A name has up to {_LONGEST_NAME} letters, digits, spaces and ordinary signs; no < > & or quotation marks.")
        if len(set(self.supervises)) != len(self.supervises):
            raise SettingWrong("A supervisee is named once.")

    def viewer(self, names: Mapping[str, str] | None = None) -> Viewer:
        """As whom the person looks; `names` are those of the therapists whose courses they see, to be shown for the codes."""
        bare = Viewer(self.user, self.role, self.therapist or None, self.name or self.user, self.supervises)
        seen = {code: name for code, name in (names or {}).items() if bare.scope is None or code in bare.scope}
        return Viewer(bare.user, bare.role, bare.therapist_id, bare.name, bare.supervises, seen)

    @property
    def epoch(self) -> str:
        """Changes whenever role, scope, access or password changed, also when only by hand in the file; a session issued before then has ended."""
        said = asdict(self) | {"supervises": sorted(self.supervises)}
        del said["name"]
        return hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=16).hexdigest()


def refuse_user(user: str) -> None:
    """Refuse a user name that nobody can have (`SettingWrong`)."""
    if not isinstance(user, str) or not _USER.fullmatch(user):
        raise SettingWrong("A user name begins with a letter or digit and has up to 100 letters, digits and @ . _ + -, exactly as the sign-in gives it.")
    if user.casefold() in NOBODY:
        raise SettingWrong(f"`{user}` stands for somebody who is not signed in; nobody can be called that.")


def shown(text: object) -> str:
    """What somebody typed, short and of harmless letters, to be repeated in a message."""
    return re.sub(r"[^A-Za-z0-9@ _./+-]", "?", str(text))[:40]


def now() -> str:
    """This moment as the table writes it; fine enough that two changes never share one."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
