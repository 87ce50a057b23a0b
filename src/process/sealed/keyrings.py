"""The system's keyring, where there is a real one: never one that keeps keys in the clear, and never one that waits for a desktop that is not there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from process.errors import KeyProblem

SERVICE = "therapy-process"
SECONDS = 20.0
"""How long a keyring may take to answer; one that asks somebody to unlock it answers when they have."""
RECOMMENDED = 1.0
"""Below this priority a backend of `keyring` is one that fails, forgets, or keeps passwords in plain files (its documentation, "recommended")."""


@cache
def _backend() -> Any | None:
    try:
        return _in_time(_recommended)
    except KeyProblem:  # one that cannot even be looked for is none
        return None


def _recommended() -> Any | None:
    import keyring  # looks through every installed backend; only who needs a key waits for it
    from keyring.backends.chainer import ChainerBackend

    found = keyring.get_keyring()
    if isinstance(found, ChainerBackend):
        found = next((one for one in found.backends if one.priority >= RECOMMENDED), None)
    return found if found is not None and found.priority >= RECOMMENDED else None


def where() -> str:
    """The keyring in words; "" where there is none."""
    found = _backend()
    return f"the system's keyring ({type(found).__module__.rsplit('.', 1)[-1]})" if found is not None else ""


def get(name: str) -> str | None:
    """What the keyring keeps under that name; None where it keeps nothing or there is none. `KeyProblem` where it does not answer."""
    found = _backend()
    return None if found is None else _in_time(lambda: found.get_password(SERVICE, name))


def put(name: str, line: str) -> bool:
    """Keep `line` under that name, and see that it is kept; False where there is no keyring. `KeyProblem` where it is locked or holds another."""
    found = _backend()
    if found is None:
        return False

    def keep() -> bool:
        if found.get_password(SERVICE, name) is not None:
            raise KeyProblem(f"The system's keyring holds a key `{name}` already.")
        found.set_password(SERVICE, name, line)
        return found.get_password(SERVICE, name) == line

    if not _in_time(keep):
        raise KeyProblem("The system's keyring did not keep the key. Unlock it, or name a file for the key: `--key FILE`.")
    return True


def remove(name: str) -> bool:
    """Forget what is kept under that name; False where nothing is."""
    found = _backend()
    if found is None or get(name) is None:
        return False
    _in_time(lambda: found.delete_password(SERVICE, name))
    return True


def _in_time(ask: Callable[[], Any]) -> Any:
    """The keyring's answer; the thread of one that never answers dies with the command."""
    answers: list[Any] = []
    faults: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(ask())
        except BaseException as fault:
            faults.append(fault)

    asking = threading.Thread(target=work, daemon=True)
    asking.start()
    asking.join(SECONDS)
    if faults and isinstance(faults[0], KeyProblem):
        raise faults[0]
    if faults or not answers:
        why = f"it failed ({type(faults[0]).__name__})" if faults else f"it did not answer within {SECONDS:.0f} seconds"
        raise KeyProblem(f"The system's keyring could not be asked for the key: {why}. Unlock it, or name a file that holds the key.")
    return answers[0]
