"""A clinic's records on disk, in generations: each built aside, published whole, opened read-only; nothing is ever changed in place.

>>> generation = process.store.publish(Path("store"), records)
>>> engine = process.store.DuckDBEngine.open(process.store.current(Path("store")))
>>> engine.query("select count(*) as sessions from attended where week >= $since", since=date(2026, 1, 5))
"""

from process.store.encryption import Chosen, choose
from process.store.engine import DuckDBEngine, Engine
from process.store.folder import loadable
from process.store.generation import Generation, current, generations
from process.store.own import OwnInstruments, own_instruments
from process.store.publishing import publish
from process.store.rewriting import rotate
from process.store.rolling_back import roll_back

__all__ = [
    "Chosen",
    "DuckDBEngine",
    "Engine",
    "Generation",
    "OwnInstruments",
    "choose",
    "current",
    "generations",
    "loadable",
    "own_instruments",
    "publish",
    "roll_back",
    "rotate",
]
