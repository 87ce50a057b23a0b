"""A clinic's records on disk, in generations: each built aside, published whole, opened read-only; nothing is ever changed in place.

>>> generation = process.store.publish(Path("store"), records)
>>> engine = process.store.DuckDBEngine.open(process.store.current(Path("store")))
>>> engine.query("select count(*) as sessions from attended where week >= $since", since=date(2026, 1, 5))
"""

from process.store.engine import DuckDBEngine, Engine
from process.store.folder import Generation, current, generations, loadable
from process.store.own import OwnInstruments, own_instruments
from process.store.publishing import publish

__all__ = ["DuckDBEngine", "Engine", "Generation", "OwnInstruments", "current", "generations", "loadable", "own_instruments", "publish"]
