"""Notebooks are committed without what they drew: an output can hold patients' rows, and a diff of outputs cannot be read."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def complaints(notebook: dict) -> list[str]:
    """What of a run is left in a notebook: outputs, execution counts, attachments and widgets' state."""
    found = []
    for number, cell in enumerate(notebook.get("cells", []), start=1):
        if cell.get("outputs"):
            found.append(f"cell {number} has outputs")
        if cell.get("execution_count") is not None:
            found.append(f"cell {number} has an execution count")
        if cell.get("attachments"):
            found.append(f"cell {number} has attachments")
    if "widgets" in notebook.get("metadata", {}):
        found.append("the notebook holds widgets' state")
    return found


def violations(folder: Path) -> list[str]:
    """One sentence for each thing left in a notebook of the folder; a folder without notebooks is one too."""
    paths = [path for path in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
    if not paths:
        return [f"{folder.name}: there is no notebook to check"]
    return [
        f"{folder.name}/{path.relative_to(folder)}: {complaint}; clear all outputs and save"
        for path in paths
        for complaint in complaints(json.loads(path.read_text(encoding="utf-8")))
    ]


def main() -> int:
    """Print each violation; the exit code is 1 if there is one."""
    found = violations(Path(__file__).parents[1] / "dashboards")
    print("\n".join(found) if found else "notebooks: no outputs, no execution counts")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
