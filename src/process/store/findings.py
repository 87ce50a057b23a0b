"""What the doctor looks at, one function a thing: each finds what is wrong with it, says so in words with the next step, and knows what mends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from process.contract import policy
from process.errors import KeyProblem, StoreProblem, UserError
from process.store import encryption, journal
from process.store.folder import JOURNAL, leftovers, sweep, write_whole
from process.store.generation import generations, in_the_clear, named, pointed_to, verify
from process.store.migration import outdated
from process.store.publishing import write_identity
from process.store.rolling_back import whole
from process.store.unlocking import IDENTITY, identity, key_of

ROOM = 200_000_000
"""Bytes that should be free at the least; and twice the size of the largest generation, because a load builds the next one beside it."""
CLOCK = timedelta(minutes=5)


@dataclass(frozen=True)
class Finding:
    """One thing about a store. `fault`: something is to be done (a note otherwise); `mend` does it where that is safe, and gives what was done."""

    what: str
    step: str
    fault: bool = True
    mend: Callable[[], str] | None = field(default=None, compare=False)


def last_whole(store: Path, but: Collection[str] = ()) -> str | None:
    """The newest generation that is as it was published and opens; None where there is none."""
    for name in reversed(generations(store)):
        with suppress(UserError):
            if name not in but:
                return whole(store, name, alone=False).name
    return None


def as_published(store: Path, name: str) -> bool:
    """Whether every bit of a generation is as it was published."""
    with suppress(UserError):
        verify(named(store, name), alone=False)
        return True
    return False


def identity_file(store: Path) -> Iterator[Finding]:
    """Whether the store still says which one it is and how it is encrypted."""
    clear = list(_clear(store).values())
    needed = any("encryption" in manifest for manifest in clear)
    try:
        wanted = identity(store)
    except StoreProblem:
        wanted, needed = None, True
    if wanted is None and needed:
        entry = next((manifest.get("encryption") for manifest in reversed(clear)), None)

        def write() -> str:
            (store / IDENTITY).unlink(missing_ok=True)
            write_identity(store, key_of(entry, f"Store {store}"))
            return f"`{IDENTITY}` was written anew from the newest generation."

        yield Finding(
            f"`{IDENTITY}`, which says whether the store is encrypted and with which key, is missing or cannot be read.",
            "`--mend` writes it anew from the newest generation.",
            mend=write,
        )


def pointer(store: Path) -> Iterator[Finding]:
    """Whether the pointer names a generation that is whole."""
    names, pointed = generations(store), pointed_to(store)
    if not names and not (store / "current").exists():
        yield Finding("Nothing is published here yet.", f"Load records with `therapy-process intake {store} FILES…`.")
        return
    why = ""
    if not (store / "current").exists():
        why = "The pointer `current` is missing"
    elif pointed is None:
        why = "The pointer `current` holds no name of a generation"
    elif pointed not in names:
        why = f"The pointer `current` names {pointed}, which is not there or has no manifest"
    else:
        try:
            whole(store, pointed, alone=False)
            return
        except KeyProblem:
            return  # said with the generations; another generation would need a key as well
        except StoreProblem:
            if as_published(store, pointed):
                return  # it holds somebody who was deleted, which is said beside
            why = f"Generation {pointed}, which is served, is damaged: its file is not as it was published"
    instead = last_whole(store)
    if instead is None and any(as_published(store, name) for name in names):
        yield Finding(f"{why}.", "`--mend` first deletes again whoever was deleted, and then goes back to the newest generation.")
        return
    if instead is None:
        yield Finding(f"{why}, and no kept generation is whole.", "Restore a backup with `therapy-process restore`, or load the files again.")
        return

    def point() -> str:
        now = last_whole(store) or instead  # what was mended before this may have given it a new name
        write_whole(store / "current", now + "\n")
        return f"Generation {now} is served now."

    yield Finding(f"{why}.", f"`--mend` goes back to {instead}, the newest that is whole; then load the latest files again.", mend=point)


def kept_generations(store: Path, derived: Collection[str]) -> Iterator[Finding]:
    """Whether every kept generation is as it was published, opens, and is of this release."""
    served, now = pointed_to(store), datetime.now(UTC)
    for name in generations(store):
        try:
            generation = named(store, name)
            verify(generation, alone=False)
            why = outdated(generation, derived)
        except KeyProblem as problem:
            yield Finding(str(problem), "Put the key where it was, or name it. Without it nobody can read these records, and no backup of them.")
        except StoreProblem as problem:
            if name != served:
                yield Finding(f"{problem} It is not served.", "Nothing needs doing for the others; a later load removes it.", fault=False)
        else:
            if why and name == served:
                yield Finding(f"Generation {name} is of an earlier release: {why}.", f"`therapy-process migrate {store}`, or load the files again.")
        with suppress(StoreProblem, KeyError, ValueError):
            made = datetime.fromisoformat(in_the_clear(store, name)["created"])
            if made > now + CLOCK:
                yield Finding(
                    f"Generation {name} says it was made at {made:%Y-%m-%d %H:%M} UTC, which has not come yet: a clock was wrong then, or is wrong now.",
                    "Set this machine's clock. The figures are not touched by it: generations are told apart by their numbers.",
                )


def policy_file(store: Path) -> Iterator[Finding]:
    """Whether the policy is in order."""
    try:
        policy.of_store(store)
    except UserError as problem:
        yield Finding(str(problem), "Name a policy file that is in order with the next load: `--policy FILE`.")


def room(store: Path) -> Iterator[Finding]:
    """Whether the disk has room for the next load."""
    sizes = [(store / "generations" / f"{name}.duckdb").stat().st_size for name in generations(store)]
    needed, free = max(ROOM, 2 * max(sizes, default=0)), shutil.disk_usage(store).free
    if free < needed:
        yield Finding(
            f"The disk is nearly full: {free / 1e6:,.0f} MB are free, and a load needs up to {needed / 1e6:,.0f} MB.",
            "Make room, or keep fewer generations (`generations_kept` of the policy). A load that finds no room changes nothing.",
        )


def writing(store: Path) -> Iterator[Finding]:
    """Whether this installation can write what the store is."""
    with suppress(StoreProblem):
        wanted = identity(store)
        if wanted is not None and wanted.encrypted and not encryption.can_write():
            yield Finding(
                "The store is encrypted, and this installation can read it but not write it: DuckDB's `httpfs` extension is missing.",
                "Install it with `pip install 'therapy-process[encryption]'`; until then loads are refused and what is served stays.",
            )


def interrupted(store: Path) -> Iterator[Finding]:
    """What a killed command left. Only asked when no load is running: what lies aside is its then."""
    left = leftovers(store)
    begun = _never_ended(journal.entries(store))
    stopped = "; ".join(f"`{line['what']}` begun at {str(line['when'])[:16]} UTC never ended" for line in begun)
    if left:

        def clear() -> str:
            swept = sweep(store)
            journal.note(store, "sweep", "done", files=swept)
            return f"{swept} left-over files were removed."

        yield Finding(
            f"{len(left)} files are left over, `{left[0].name}` among them: a command was killed or the machine stopped. {stopped}".rstrip(),
            "`--mend` removes them; so do the next load and the next start of the server. What was served before is served still; load the files again.",
            mend=clear,
        )
    elif stopped:
        again = "Give `forget` again. " if any(line["what"] == "forget" for line in begun) else ""
        yield Finding(
            f"A command was killed or the machine stopped: {stopped}.", f"{again}Load the files again if they are not served ({JOURNAL}).", fault=False
        )


def _never_ended(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the journal that say `begun` and have no end, but for those that a later command of the kind, a sweep, or a restore (whose lines before
    it are of the store that was backed up) has made good."""
    begun: dict[tuple[Any, Any], dict[str, Any]] = {}
    loads = {"load", "publish"}
    for line in lines:
        what, outcome = line.get("what"), line.get("outcome")
        if outcome == "begun":
            begun[line.get("process"), what] = line
        elif what in ("sweep", "mend") or (what, outcome) == ("restore", "done"):
            begun.clear()
        else:
            begun.pop((line.get("process"), what), None)
            made_good = (loads if what in loads else {what}) if outcome == "done" else set()
            begun = {key: open_line for key, open_line in begun.items() if key[1] not in made_good or key[0] == line.get("process")}
    return list(begun.values())


def _clear(store: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for name in generations(store):
        with suppress(StoreProblem):
            found[name] = in_the_clear(store, name)
    return found
