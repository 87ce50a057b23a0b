"""Notebooks come without outputs, and the check that says so would notice."""

from __future__ import annotations

import json

import pytest


def test_the_notebooks_of_the_dashboards_hold_nothing_of_a_run(notebooks, root):
    assert notebooks.violations(root / "dashboards") == []


def test_a_clean_notebook_is_left_alone(notebooks):
    assert notebooks.complaints(notebook()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outputs": [{"output_type": "stream", "text": "P017"}]}, "cell 2 has outputs"),
        ({"execution_count": 3}, "cell 2 has an execution count"),
        ({"attachments": {"course.png": {}}}, "cell 2 has attachments"),
    ],
)
def test_what_a_run_leaves_in_a_cell_is_named(notebooks, change: dict, said: str):
    assert notebooks.complaints(notebook(**change)) == [said]


def test_widgets_state_is_named(notebooks):
    assert notebooks.complaints(notebook() | {"metadata": {"widgets": {}}}) == ["the notebook holds widgets' state"]


def test_a_folder_without_notebooks_does_not_pass(notebooks, tmp_path):
    assert notebooks.violations(tmp_path) != []


def test_the_file_and_the_cell_are_named(notebooks, tmp_path):
    (tmp_path / "goals.ipynb").write_text(json.dumps(notebook(execution_count=1)))

    assert notebooks.violations(tmp_path) == [f"{tmp_path.name}/goals.ipynb: cell 2 has an execution count; clear all outputs and save"]


def notebook(**change) -> dict:
    """A notebook of a heading and one cell of code."""
    code = {"cell_type": "code", "source": "page", "metadata": {}, "outputs": [], "execution_count": None} | change
    return {"cells": [{"cell_type": "markdown", "source": "# Goals", "metadata": {}}, code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
