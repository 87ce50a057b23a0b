"""The notebooks of the dashboards run from top to bottom in Jupyter, on the store that the setting names."""

from __future__ import annotations

import re

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from process import shipped
from process.errors import StoreProblem
from process.measures import catalogue
from process.pages import PLANS, session


@pytest.fixture(scope="module")
def kernel(store, tmp_path_factory):
    """One kernel for all notebooks, started in a folder that is not theirs: most of a run is spent on importing the same packages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THERAPY_PROCESS_STORE", str(store))
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=str(tmp_path_factory.mktemp("elsewhere")))
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module", params=list(PLANS))
def ran(request, kernel):
    """One notebook and what came out of running it, with no name left over from another."""
    notebook = nbformat.read(shipped.folder("dashboards", f"{request.param}.ipynb"), as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
    NotebookClient(notebook, km=kernel, timeout=150).execute()
    return request.param, notebook


def test_a_notebook_runs_from_top_to_bottom_and_shows_every_figure_of_its_page(ran):
    name, notebook = ran
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    text = "\n".join(cell.source for cell in code)

    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    for measure in catalogue.names(name):
        assert measure == "lengths" or f'page.card("{measure}")' in text
    shown = [cell for cell in code if "page.card(" in cell.source]
    assert all(any("text/html" in output.get("data", {}) for output in cell.outputs) for cell in shown)


@pytest.mark.parametrize("name", list(PLANS))
def test_a_notebook_explains_every_figure_before_it_shows_it(name):
    cells = nbformat.read(shipped.folder("dashboards", f"{name}.ipynb"), as_version=4).cells

    assert cells[0].cell_type == "markdown" and cells[0].source.startswith(f"# {PLANS[name].question}")
    for before, cell in zip(cells, cells[1:], strict=False):
        if cell.cell_type == "code" and "page.card(" in cell.source:
            assert before.cell_type == "markdown" and len(re.sub(r"\W+", " ", before.source).split()) >= 12


def test_a_notebook_without_a_store_says_what_is_wrong(monkeypatch, tmp_path):
    monkeypatch.setenv("THERAPY_PROCESS_STORE", str(tmp_path))

    with pytest.raises(StoreProblem):
        session.clinic()
