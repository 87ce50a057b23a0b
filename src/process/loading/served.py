"""What a store serves while a load is made ready: opened once, for every question that the load asks of it before it is compared."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import pandas as pd

from process import store


class Served:
    """The generation that a store serves, opened at the first question and closed with the block: `with Served(folder) as served`.

    `there`: whether anything is served at all; who asks where nothing is gets the `StoreProblem` that `store.current` raises.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self._engine: store.DuckDBEngine | None = None

    @property
    def there(self) -> bool:
        """Whether the store serves anything."""
        return (self.folder / "current").exists()

    def query(self, sql: str, **params: object) -> pd.DataFrame:
        """The rows that one SELECT gives, its `$name` parameters bound to `params`."""
        if self._engine is None:
            self._engine = store.DuckDBEngine.open(store.current(self.folder))
        return self._engine.query(sql, **params)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None) -> None:
        if self._engine is not None:
            self._engine.close()
