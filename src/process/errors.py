"""What a user can do wrong, each kind with its own exit code.

An error that a person can mend is one of these: its text names the thing, the allowed values and the next step, and the command shows the text alone,
without a traceback. Anything else that is raised is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can mend. `exit_code` is what the command ends with."""

    exit_code = 1


class SettingWrong(UserError):
    """An option, a setting or a mapping file has a value that is not allowed."""

    exit_code = 2


class FileMissing(UserError):
    """A named file is not there or cannot be read."""

    exit_code = 3


class FileRefused(UserError):
    """A file was read and is not what the contract or its mapping says it is."""

    exit_code = 4


class StoreProblem(UserError):
    """A folder is not a store, is damaged, or is in use by another load."""

    exit_code = 5


class PortInUse(UserError):
    """The address to serve on is taken."""

    exit_code = 6


class QuestionWrong(UserError):
    """A measure, a filter or a filter's value is not known."""

    exit_code = 7


class NotAllowed(UserError):
    """This viewer may not ask this."""

    exit_code = 8


class KeyProblem(UserError):
    """A key is missing, is not the one that fits, or cannot be used."""

    exit_code = 9


class LogProblem(NotAllowed):
    """The audit log cannot be written, or is not as it was written: what cannot be noted is not answered."""

    exit_code = 10


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence for an error message: the nearest known word, or every allowed one."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"Did you mean `{near[0]}`?"
    if len(names) > 20:
        return f"{len(names)} values are known, `{names[0]}` and `{names[-1]}` among them."
    return "Known are: " + ", ".join(f"`{name}`" for name in names) + "."
