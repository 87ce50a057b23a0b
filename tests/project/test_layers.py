"""A lower layer never imports a higher one, and the check that says so would notice."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_no_layer_of_the_package_imports_one_above_it(layers, root):
    assert layers.violations(root / "src" / "process") == []


def test_the_check_knows_every_layer_the_design_names(layers):
    named = "contract intake store measures access charts pages server cli".split()
    assert [layer for layer in layers.ORDER if layer in named] == named


FORBIDDEN = [
    # file                      source                                                     what the check says of it
    ("contract/tables.py", "from process.store import engine", "`contract` and imports `store`"),
    ("store/engine.py", "import process.measures.catalogue", "`store` and imports `measures`"),
    ("store/engine.py", "from process import access", "`store` and imports `access`"),
    ("measures/goals.py", "from ..charts import palette", "`measures` and imports `charts`"),
    ("measures/__init__.py", "from .. import pages", "`measures` and imports `pages`"),
    ("measures/goals/__init__.py", "from ...pages import card", "`measures` and imports `pages`"),
    ("access/door.py", "def draw():\n    from process.charts import figure", "`access` and imports `charts`"),
    ("access/door.py", "import importlib\nimportlib.import_module('process.server.serve')", "`access` and imports `server`"),
    ("pages/card.py", "if True:\n    import process.cli", "`pages` and imports `cli`"),
    ("errors.py", "from process.contract.tables import TABLES", "`errors` and imports `contract`"),
    ("measures/goals.py", "import process", "import the layer that is meant"),
    ("measures/goals.py", "from process import open", "import it from its layer"),
    ("__init__.py", "from process.access import Clinic", "inside the function"),
    ("__init__.py", "if TYPE_CHECKING:\n    x = 1\nelse:\n    import process.access", "inside the function"),
    ("store/engine.py", "if TYPE_CHECKING:\n    from process.access import Clinic", "`store` and imports `access`"),
    ("tidy.py", "x = 1", "`tidy` is in no layer"),
    ("access/door.py", "import panel as pn", "`panel`, which only pages and server may"),
    ("cli.py", "def go():\n    import panel", "`panel`, which only pages and server may"),
    ("charts/lines.py", "from panel.pane import Bokeh", "`panel`, which only pages and server may"),
    ("pages/card.py", "import holoviews as hv", "`holoviews`, which only charts may"),
    ("pages/card.py", "from bokeh.plotting import figure", "`bokeh.plotting`, which only charts may"),
    ("pages/card.py", "from bokeh import plotting", "`bokeh.plotting`, which only charts may"),
    ("measures/goals.py", "from bokeh.models import ColumnDataSource", "`bokeh`, which only"),
]


@pytest.mark.parametrize(("file", "source", "said"), FORBIDDEN)
def test_the_check_names_a_forbidden_import(layers, tmp_path: Path, file: str, source: str, said: str):
    found = layers.violations(package(tmp_path, file, source))

    assert len(found) == 1
    assert found[0].startswith(f"process/{file}") and said in found[0]


ALLOWED = [
    ("__init__.py", "def open(folder):\n    from process.access import Clinic\n    return Clinic(folder)"),
    ("__init__.py", "import typing\nif typing.TYPE_CHECKING:\n    from process.access import Clinic"),
    ("intake/read.py", "from process.contract.tables import TABLES\nfrom process import errors, __version__"),
    ("intake/read.py", "from . import report\nfrom .report import Report"),
    ("charts/lines.py", "import holoviews\nfrom bokeh.plotting import figure\nfrom process.access import door"),
    ("pages/card.py", "import panel\nfrom bokeh.models import ColumnDataSource"),
    ("cli.py", "import process.server\nfrom process.demo import simulate"),
    ("__main__.py", "from process.cli import main"),
    ("store/engine.py", "import processor, panelists"),
]


@pytest.mark.parametrize(("file", "source"), ALLOWED)
def test_the_check_leaves_allowed_imports_alone(layers, tmp_path: Path, file: str, source: str):
    assert layers.violations(package(tmp_path, file, source)) == []


def package(folder: Path, file: str, source: str) -> Path:
    """A package with one module."""
    path = folder / "process" / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    return folder / "process"
