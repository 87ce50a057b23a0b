"""The layers of the package point one way: reads every module's imports and names each that points up, and each outside package in the wrong layer.

Imports inside functions and for type checkers count like any other. The only module that may reach up is `process/__init__.py`, and only there, so that
`process.open` exists without the package's bottom loading its top.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "process"
ORDER = ("errors", "shipped", "sealed", "contract", "demo", "intake", "store", "measures", "loading", "access", "people", "charts", "pages", "server", "cli")
AT_THE_TOP = ("__main__",)

# Outside packages that only some layers may import; the longest name that fits an import decides.
CONFINED = {
    "panel": ("pages", "server"),
    "panel_material_ui": ("pages", "server"),
    "holoviews": ("charts",),
    "hvplot": ("charts",),
    "matplotlib": ("charts",),
    "bokeh": ("charts", "pages", "server"),
    "bokeh.plotting": ("charts",),
}


def layer_of(module: str) -> str:
    """The layer a module belongs to: `process.access.door` is in `access`; the package's own `__init__` is in ``""``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def module_name(path: Path, package: Path) -> str:
    """The dotted name of a file of the package, for instance `process.access` for `access/__init__.py`."""
    parts = [PACKAGE, *path.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + is_package]
    return ".".join([*above, node.module] if node.module else above)


def _is_import_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("import_module", "__import__")


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and getattr(node.test, "attr", getattr(node.test, "id", "")) == "TYPE_CHECKING"


def imports(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[str, int, bool]]:
    """Every imported module as (name, line, whether it waits); `import_module("…")` with the name spelt out counts too.

    An import waits inside a function and under `if TYPE_CHECKING`: loading the module does not run it.
    """

    def walk(node: ast.AST, waits: bool) -> Iterator[tuple[str, int, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, waits) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            # `from process import pages` imports a layer, `from bokeh import plotting` a module, `from process.pages import page` what it says.
            yield from ((f"{base}.{alias.name}", node.lineno, waits) for alias in node.names)
        elif _is_import_module(node) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            yield node.args[0].value, node.lineno, waits
        later = node.body if _is_for_type_checkers(node) or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ()
        for child in ast.iter_child_nodes(node):
            yield from walk(child, waits or child in later)

    yield from walk(tree, False)


def _rank(layer: str) -> int:
    return len(ORDER) if layer in AT_THE_TOP else ORDER.index(layer)


def _own_complaint(importer: str, imported: str, waits: bool) -> str | None:
    layer, target = layer_of(importer), layer_of(imported)
    if target == layer or target in ("", "__version__"):
        return None if target or not layer else "imports the whole package; import the layer that is meant"
    if target not in (*ORDER, *AT_THE_TOP):
        return f"imports `{imported}` by way of the package; import it from its layer"
    if not layer:
        return None if waits else f"imports `{target}` while the package loads; do it inside the function that needs it"
    if _rank(target) >= _rank(layer):
        return f"is in `{layer}` and imports `{target}`, which is above it"
    return None


def _outside_complaint(importer: str, imported: str) -> str | None:
    parts = imported.split(".")
    for length in range(len(parts), 0, -1):
        allowed = CONFINED.get(".".join(parts[:length]))
        if allowed:
            layer = layer_of(importer)
            name = ".".join(parts[:length])
            return None if layer in allowed else f"imports `{name}`, which only {' and '.join(allowed)} may"
    return None


def violations(package: Path) -> list[str]:
    """One sentence for each import against the rules, in the order of the files; `package` is the folder `src/process`."""
    found = []
    for path in sorted(package.rglob("*.py")):
        module = module_name(path, package)
        place = path.relative_to(package.parent)
        layer = layer_of(module)
        if layer and layer not in (*ORDER, *AT_THE_TOP):
            found.append(f"{place}: `{layer}` is in no layer; give it its place in ORDER of tools/layers.py")
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for imported, line, waits in imports(tree, module, path.name == "__init__.py"):
            own = imported == PACKAGE or imported.startswith(f"{PACKAGE}.")
            complaint = _own_complaint(module, imported, waits) if own else _outside_complaint(module, imported)
            if complaint:
                found.append(f"{place}:{line}: {complaint}")
    return found


def main() -> int:
    """Print each violation; the exit code is 1 if there is one."""
    package = Path(__file__).parents[1] / "src" / PACKAGE
    found = violations(package)
    print("\n".join(found) if found else f"layers: {len(list(package.rglob('*.py')))} modules, every import points down")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
