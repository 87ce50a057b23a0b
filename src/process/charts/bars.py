"""Axes for bars that count."""

from __future__ import annotations

import numpy as np

from process.charts.layers import Axis


def counts_axis(top: float, step: float) -> Axis:
    """An axis of counts from 0 to a little above `top`, a tick every `step`."""
    return Axis(0, top * 1.12, {float(at): f"{at:g}" for at in np.arange(0, top + 1, step)})


def round_step(most: float) -> float:
    """A round distance between ticks, so that about four fit under `most`."""
    rough = max(most / 4, 1.0)
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= rough))
