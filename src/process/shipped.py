"""Where the files that ship with the product lie: `data/` and `dashboards/`, in a checkout or in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def folder(*parts: str) -> Path:
    """The shipped folder or file, for instance `folder("data", "mappings")`."""
    for root in (_PACKAGE / "shipped_files", _CHECKOUT):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from this installation")
