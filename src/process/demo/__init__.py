"""The demo clinic: simulated records in the contract's tables, reproducible from a seed. No person stands behind them."""

from process.demo.clinic import simulate
from process.demo.files import write
from process.demo.settings import Settings

__all__ = ["Settings", "simulate", "write"]
