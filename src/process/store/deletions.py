"""The list of patients whose records were deleted, `forgotten.jsonl`: read, written whole, and held against a generation before anybody sees it.

A generation may hold somebody again who is on the list: an older copy was put into the folder by hand, or a deletion was cut short. It is never shown then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from process.errors import FileMissing, StoreProblem
from process.store.encryption import reading
from process.store.folder import FORGOTTEN, write_whole
from process.store.generation import Generation, damaged, refuse_cut

_ADVICE = "Nothing was changed: somebody who was deleted could come back. `therapy-process doctor` says how to go on."


def listed(store: Path) -> list[str]:
    """The display codes of everybody who was deleted, in that order. `StoreProblem` where the list cannot be read."""
    return list(dict.fromkeys(json.loads(line)["patient"] for line in lines(Path(store) / FORGOTTEN)))


def lines(path: Path) -> list[str]:
    """The lines of a list of deletions, none where a store has no list. Every line must be whole: it names somebody who must not come back.

    Raises `FileMissing` where a list of another name is not there, `StoreProblem` where it cannot be read or a line is damaged.
    """
    path = Path(path)
    try:
        found = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except FileNotFoundError:
        if path.name == FORGOTTEN:
            return []
        raise FileMissing(f"There is no list of deletions {path}.") from None
    except (OSError, UnicodeDecodeError):
        raise StoreProblem(f"The list of deletions {path} cannot be read. {_ADVICE}") from None
    if not all(_whole(line) for line in found):
        raise StoreProblem(f"The list of deletions {path} is damaged: a line of it cannot be read. {_ADVICE}")
    return found


def cut_short(store: Path) -> bool:
    """Whether the list would be whole but for its last line: a deletion was killed as it began, and has deleted nothing."""
    try:
        found = (Path(store) / FORGOTTEN).read_bytes().decode("utf-8", errors="replace")
    except OSError:
        return False
    parts = [line for line in found.splitlines() if line.strip()]
    return bool(parts) and not found.endswith("\n") and not _whole(parts[-1]) and all(_whole(line) for line in parts[:-1])


def mended(store: Path, also: Iterable[str] = ()) -> None:
    """Write the list anew from its whole lines, and with everybody of `also` who is not on it."""
    path = Path(store) / FORGOTTEN
    found = [line for line in path.read_bytes().decode("utf-8", errors="replace").splitlines() if _whole(line)] if path.exists() else []
    write(store, [*found, *_new_lines(also, found)])


def add(store: Path, patients: Iterable[str]) -> None:
    """Put these display codes on the list; the file is the old list or the new one whenever the machine stops."""
    found = lines(Path(store) / FORGOTTEN)
    new = _new_lines(patients, found)
    if new:
        write(store, [*found, *new])


def write(store: Path, found: Iterable[str]) -> None:
    """Write these lines as the list, each once."""
    write_whole(Path(store) / FORGOTTEN, "".join(f"{line}\n" for line in dict.fromkeys(found)))


def courses_of(generation: Generation, patients: Iterable[str]) -> int:
    """How many courses of these patients a generation holds. `StoreProblem` where it is damaged, `KeyProblem` where its key is not here."""
    wanted = list(patients)
    if not wanted:
        return 0
    refuse_cut(generation)
    key = generation.key()
    try:
        connection = reading(generation.path, key)
    except duckdb.Error as error:
        raise StoreProblem(damaged(generation)) from error
    try:
        return _courses(connection, wanted)
    except duckdb.Error as error:
        raise StoreProblem(damaged(generation)) from error
    finally:
        connection.close()


def refuse_deleted(generation: Generation, connection: duckdb.DuckDBPyConnection | None = None) -> None:
    """Refuse (`StoreProblem`) to show a generation that holds somebody who is on its store's list. `connection`: one in which it is open and in use."""
    gone = listed(generation.store)
    if gone and (courses_of(generation, gone) if connection is None else _courses(connection, gone)):
        raise StoreProblem(
            f"Generation {generation.name} in {generation.store} holds courses of patients who were deleted from this store ({FORGOTTEN}), and is not shown. "
            f"`therapy-process doctor {generation.store} --mend` deletes them from it again."
        )


def _courses(connection: duckdb.DuckDBPyConnection, patients: list[str]) -> int:
    found = connection.execute("select count(*) from courses where patient_id in (select unnest($patients))", {"patients": patients}).fetchone()
    return int(found[0])


def _new_lines(patients: Iterable[str], found: Iterable[str]) -> list[str]:
    known = {json.loads(line)["patient"] for line in found}
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return [json.dumps({"patient": patient, "when": when}) for patient in dict.fromkeys(patients) if patient not in known]


def _whole(line: str) -> bool:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(entry, dict) and isinstance(entry.get("patient"), str)


__all__ = ["add", "courses_of", "cut_short", "lines", "listed", "mended", "refuse_deleted", "write"]
