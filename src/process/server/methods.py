"""The page on methods: plain HTML behind the same gate, without a session of Panel's, so that it opens at once and prints."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from process.access import Clinic, Latest, audit
from process.errors import LogProblem
from process.pages import NAVIGATION, PLANS, methods
from process.server.gate import Gate
from process.server.signing_in import Gated


class Methods(Gated):
    """How every figure is worked out, with the numbers of the generation that is served."""

    def initialize(self, gate: Gate, latest: Latest) -> None:
        """The gate that says who asks, and what is served."""
        super().initialize(gate)
        self.latest = latest

    def get(self) -> None:
        """The page; somebody who is not signed in is sent where every page sends them."""
        found = self.gate.signed_in(self)
        if found is None:
            self.redirect(f"{self.gate.login_url}?{urlencode({'next': self.request.uri})}")
            return
        if not self.gate.allowances.methods.allows(found.key):
            self.say(429, "This page was opened very often", "<p>Wait a minute, and load it again.</p>")
            return
        self.gate.table.touch(found.key)
        clinic = Clinic(self.latest.records, partial(self.gate.viewer, found.key))
        audit.note("read", clinic.viewer, page="methods")
        try:
            audit.require()
        except LogProblem as problem:
            self.say(503, "Nothing can be shown", f"<p>{problem}</p>")
            return
        pages = {plan.name: plan.label for plan in PLANS.values()}
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.write(methods.page(clinic, NAVIGATION, pages, self.request.query, staying=self.gate.staying(found)))
