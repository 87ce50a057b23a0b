"""`therapy-process audit`: a whole log ends with 0, any other with its own exit code and the first bad line in words."""

from __future__ import annotations

import pytest
from tests.access import logs
from typer.testing import CliRunner

from process.access.audit import lines
from process.cli import app
from process.errors import FileMissing, KeyProblem, LogProblem, SettingWrong


@pytest.fixture
def folder(tmp_path):
    logs.add(tmp_path, 4)
    facts = {"measures": {"endings": 12}, "filter": {"length": "9-30"}, "generation": "g-1"}
    logs.chain(tmp_path).append([lines.composed("answer", "tess", facts), lines.composed("refused", "tess", {"page": "log", "why": "not a director"})])
    return tmp_path


def run(*arguments) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["audit", *map(str, arguments)], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, " ".join(result.output.split())


def verify(folder, *more) -> tuple[int, str]:
    return run("verify", folder / "log", "--key", folder / "audit.key", *more)


def test_a_whole_log_is_said_to_be_whole_and_its_end_can_be_named_next_time(folder):
    code, said = verify(folder)
    end = said.partition("Its end is ")[2].split()[0]
    logs.add(folder, 2)

    assert code == 0 and "6 lines in 1 file" in said
    assert verify(folder, "--anchor", end)[0] == 0
    code, said = verify(folder, "--anchor", end.replace("6:", "5:"))
    assert code == LogProblem.exit_code == 10 and "Line 5 of the anchor is not in the log" in said


def test_the_first_bad_line_is_named(folder):
    path = logs.file(folder)
    texts = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*texts[:2], texts[2].replace(b"dora", b"dave"), *texts[3:]]))

    code, said = verify(folder)

    assert code == 10 and f"{path.name}, line 3: its seal does not fit" in said and "dave" not in said


@pytest.mark.parametrize(
    ("options", "users"), [((), 6), (("--user", "tess"), 2), (("--kind", "refused"), 1), (("--since", "2999-01-01"), 0), (("--until", "2000-01-01"), 0)]
)
def test_lines_are_shown_by_person_period_and_kind(folder, options, users):
    code, said = run("show", folder / "log", *options)

    assert code == 0 and f"{users} lines" in said
    assert ("endings (12)" in said and "length 9-30" in said) == (users in (2, 6))


def test_what_is_asked_wrongly_is_said(folder, tmp_path):
    for arguments, wrong in (
        (("show", folder / "log", "--kind", "export_"), SettingWrong),
        (("show", folder / "log", "--since", "yesterday"), SettingWrong),
        (("show", tmp_path / "nowhere"), FileMissing),
        (("verify", tmp_path / "nowhere"), FileMissing),
        (("verify", folder / "log"), KeyProblem),
    ):
        with pytest.raises(wrong):
            run(*arguments)
