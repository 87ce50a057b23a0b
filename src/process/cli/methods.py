"""`therapy-process methods`: the page on methods as a document."""

from __future__ import annotations

import sys

from process.cli.app import app


@app.command("methods")
def methods_command() -> None:
    """Write docs/methods.md to stdout: every measure with its formula, its choices and the numbers it rests on."""
    from process.pages import PLANS, methods  # Panel takes seconds to import; only what needs it waits

    sys.stdout.write(methods.markdown({plan.name: plan.label for plan in PLANS.values()}))
