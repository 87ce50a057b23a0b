"""The policy file: what a clinic may decide, what is assumed where it says nothing, and that a slip is told with what is allowed."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from process.contract import policy
from process.contract.policy import Policy
from process.errors import FileMissing, SettingWrong

DOCS = (Path(__file__).parents[2] / "docs" / "intake.md").read_text(encoding="utf-8")


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "ours.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_file_that_says_nothing_is_the_default(written):
    assert policy.read(written("")) == Policy("week", "report", 5, 3)


def test_what_a_file_says_is_taken_and_the_rest_is_the_default(written):
    read = policy.read(written('dates = "quarter"\nsmallest_group = 8\n'))

    assert read == Policy(dates="quarter", rare="report", smallest_group=8, generations_kept=3)


def test_a_policy_written_and_read_again_is_the_same(written):
    decided = Policy("quarter", "coarsen", 11, 2)

    assert policy.read(written(decided.as_toml())) == decided


def test_a_store_without_a_policy_has_the_default_and_one_with_a_file_has_its_own(tmp_path):
    assert policy.of_store(tmp_path) == Policy()

    (tmp_path / policy.FILE).write_text(Policy(rare="coarsen").as_toml())

    assert policy.of_store(tmp_path) == Policy(rare="coarsen")


WRONG = [
    # the file's text, what is said
    ('date = "week"', "ours.toml: `date` is not known. Did you mean `dates`?"),
    ('dates = "weeks"', "`dates` of the policy is not one of week, quarter. Did you mean `week`?"),
    ("dates = 7", "`dates` of the policy is not one of week, quarter. It is written in quotation marks."),
    ('rare = "drop"', "`rare` of the policy is not one of report, coarsen"),
    ("smallest_group = 4", "`smallest_group` of the policy is 4; it must be a whole number from 5 to 100"),
    ("smallest_group = 5.5", "must be a whole number"),
    ("smallest_group = true", "must be a whole number"),
    ("generations_kept = 0", "`generations_kept` of the policy is 0; it must be a whole number from 1 to 20"),
    ('generations_kept = "3"', "must be a whole number"),
    ("dates = week", "is not TOML"),
    (b'rare = "\xff"', "is not TOML in UTF-8"),
    ('[policy]\nrare = "report"', "`policy` is not known"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_a_slip_is_told_with_what_is_allowed(written, text, said):
    with pytest.raises(SettingWrong) as refused:
        policy.read(written(text))

    assert said in str(refused.value)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileMissing, match="There is no policy file"):
        policy.read(tmp_path / "nowhere.toml")


def test_every_setting_and_its_allowed_values_are_documented():
    for field in fields(Policy):
        allowed = policy._CHOICES.get(field.name)
        words = ", ".join(f"`{value}`" for value in allowed) if allowed else "{} to {}".format(*policy._RANGES[field.name])
        default = f"`{field.default}`" if allowed else f"{field.default}"
        assert f"| `{field.name}` | {words} | {default} |" in DOCS, field.name
