"""A change of the table of people stands in the server's audit log before it is made: who made it, on whom, and whose courses they see before and after.

Whoever made it is the user of the operating system that the command runs as, and the one who became that by `sudo`. Neither a password nor a display code is
written down: the courses that somebody sees are named by the users whose own they are.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from process.access.audit import lines, place
from process.access.audit.chain import Chain
from process.errors import LogProblem, SettingWrong
from process.people import Person, people_file, table
from process.server.settings import read

SETTINGS, STORE = "THERAPY_PROCESS_SETTINGS", "THERAPY_PROCESS_STORE"
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", envvar=SETTINGS, show_envvar=False, help="The server's settings, which say where its audit log is.")
]
NO_SETTINGS = f"Every change of the table of people stands in the server's audit log. Say where: `--settings FILE`, the server's settings, or {SETTINGS}."
NO_LOG = f"The settings do not say where the audit log is (`audit`), and so it lies beside the store. Say which: `--store STORE`, or {STORE}."


@dataclass(frozen=True)
class Administered:
    """What a command is about: the table of people, and where each change of it is noted."""

    file: Path
    log: Path
    key: Path | None

    @contextmanager
    def changing(self, change: str) -> Iterator[dict[str, Person]]:
        """The people of the table, to be changed in the block. Their lines are on the disk before the table is written; `LogProblem` where they cannot be,
        and nothing is changed. Where the table cannot be written then, a second line takes back what the first one says."""
        noted: list[dict[str, Any]] = []
        try:
            with table.changing(self.file) as found:
                before = dict(found)
                yield found
                noted = said(change, before, found)
                self._note(noted)
        except (SettingWrong, OSError):
            if noted:
                self._note([{**line, "why": "the table could not be written"} for line in noted])
            raise

    def _note(self, new: list[dict[str, Any]]) -> None:
        if not new:
            return
        try:
            Chain.opened(self.log, self.key).append(new)
        except OSError as problem:
            raise LogProblem(f"Nothing was changed: the audit log in {self.log} cannot be written ({problem.strerror}). Mend that first.") from None


def administered(people: Path | None, settings: Path | None, store: Path | None = None) -> Administered:
    """The table that the settings name, or the one in its usual place; `people` names another. Raises `SettingWrong` where no log is known."""
    if settings is None:
        raise SettingWrong(NO_SETTINGS)
    found = read(settings)
    if found.audit is None and store is None:
        raise SettingWrong(NO_LOG)
    return Administered(people_file(people or found.people), found.audit or place.beside(store), found.audit_key_file)  # type: ignore[arg-type]


def said(change: str, before: dict[str, Person], after: dict[str, Person]) -> list[dict[str, Any]]:
    """A line for each person who is another now."""
    changed = [user for user in sorted({*before, *after}) if before.get(user) != after.get(user)]
    everybody = {**before, **after}
    return [lines.composed("people", None, {**_by(), "change": change, "whom": user, **_sees(before, after, user, everybody)}) for user in changed]


def _by() -> dict[str, str]:
    became = os.environ.get("SUDO_USER", "")
    me = _account(lambda: pwd.getpwuid(os.geteuid()).pw_name)
    return {"by": me} | ({"sudo": became} if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9@._+$-]{0,99}", became) and became != me else {})


def _account(name: Callable[[], str]) -> str:
    try:
        return name()
    except KeyError:  # a container's account may have a number alone
        return f"uid {os.geteuid()}"


def _sees(before: dict[str, Person], after: dict[str, Person], user: str, everybody: dict[str, Person]) -> dict[str, Any]:
    """Role and courses, as they are now and, where that is something else, as they were."""
    was, now = before.get(user), after.get(user)
    facts: dict[str, Any] = {}
    if now is not None:
        facts |= {"now": now.role, "sees": _courses(now, everybody)}
        if was is not None and was.therapist and now.therapist and was.therapist != now.therapist:
            facts["why"] = "other courses are their own"
    if was is not None and (now is None or (was.role, was.therapist, was.supervises) != (now.role, now.therapist, now.supervises)):
        facts |= {"before": was.role, "saw": _courses(was, everybody)}
    return facts


def _courses(person: Person, everybody: dict[str, Person]) -> list[str]:
    """Whose courses somebody sees: by user name, and how many of therapists who are not in the table."""
    if person.role == "director":
        return ["the clinic"]
    owner = {other.therapist: other.user for other in everybody.values() if other.therapist}
    known = sorted(owner[code] for code in person.supervises if code in owner)
    strangers = len(person.supervises) - len(known)
    return [*(["their own"] if person.therapist else []), *known, *([f"{strangers} not in the table"] if strangers else [])]
