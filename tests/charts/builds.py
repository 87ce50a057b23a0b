"""Charts that stand for all: one for each set of layers with the options that they are given. A figure is made of nothing else."""

from __future__ import annotations

from process.charts import CHARTS

EVERY_BUILD = {repr(sorted({(layer.kind, *sorted(layer.options)) for layer in chart.layers})): name for name, chart in CHARTS.items()}
