"""What is wrong with a store, in words, with the next step; and the mending of what can be mended without losing anything.

Nothing here needs the store to be whole: each thing is looked at by itself, and what cannot be read is a finding like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from process.store import findings, journal, rights
from process.store.findings import Finding, last_whole
from process.store.folder import being_loaded, loading, sweep
from process.store.generation import current, generations, refuse_non_store


def examine(store: Path, derived: Collection[str] = (), beside: Callable[[Path], list[Finding]] | None = None) -> list[Finding]:
    """Everything there is to say about a store; no finding that is a fault = healthy. `derived`: the tables that the layers above add to a generation;
    `beside`: what they look at beside the generations (`loading.beside.looks`).

    Raises `StoreProblem` where the folder is no store at all.
    """
    store = Path(store)
    refuse_non_store(store)
    if not (store / "generations").is_dir():
        current(store)
    if unreadable := list(rights.readable(store)):
        return unreadable
    busy = being_loaded(store)
    looks = [
        findings.identity_file(store),
        findings.pointer(store),
        findings.kept_generations(store, derived),
        rights.privacy(store),
        findings.policy_file(store),
        findings.room(store),
        findings.writing(store),
    ]
    found = [finding for look in looks for finding in look]
    if busy:
        return [Finding("A load is running now.", "Wait until it has ended; until then what was served before is served.", fault=False), *found]
    return [*(beside(store) if beside is not None else ()), *found, *findings.interrupted(store)]


def mend(store: Path, found: list[Finding]) -> list[str]:
    """Mend what can be mended, under the store's lock, and say what was done. Raises `StoreProblem` where a load is running."""
    mending = [finding.mend for finding in found if finding.mend is not None]
    if not mending:
        return []
    with loading(Path(store)):
        done = [one() for one in mending]
        journal.note(store, "mend", "done", mended=len(done))
    return done


def make_ready(store: Path) -> list[str]:
    """Before a load looks at what is served: where that is damaged, go back to the newest whole generation, or to none, and say what was done.

    A load is what mends a store, so nothing that is wrong with the served generation may stop it. `StoreProblem` where another load is running.
    """
    store = Path(store)
    if not (store / "generations").is_dir() or not (generations(store) or (store / "current").exists()):
        return []
    with loading(store):
        if swept := sweep(store):
            journal.note(store, "sweep", "done", files=swept)
    found = [*findings.identity_file(store), *findings.pointer(store)]
    if not found:
        return []
    done = mend(store, found)
    if any(finding.mend is None for finding in found):
        with loading(store):
            (store / "current").unlink(missing_ok=True)
            journal.note(store, "mend", "done", mended=1)
        done.append("No kept generation is whole; the load begins anew.")
    return done


__all__ = ["Finding", "examine", "last_whole", "make_ready", "mend"]
