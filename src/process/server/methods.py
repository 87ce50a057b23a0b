"""The page on methods: plain HTML behind the same gate, without a session of Panel's, so that it opens at once and prints."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from process.access import Clinic, Latest
from process.pages import NAVIGATION, PLANS, methods
from process.server.gate import Gate, Plain
from process.server.people import People


class Methods(Plain):
    """How every figure is worked out, with the numbers of the generation that is served."""

    def initialize(self, gate: Gate, latest: Latest, people: People) -> None:
        """The gate that says who asks, and what is served."""
        self.gate, self.latest, self.people = gate, latest, people

    def get(self) -> None:
        """The page; somebody who is not signed in is sent where every page sends them."""
        user = self.gate.get_user(self)
        if user is None:
            self.redirect(f"{self.gate.login_url}?{urlencode({'next': self.request.uri})}")
            return
        clinic = Clinic(self.latest.records, partial(self.people.viewer, user))
        pages = {plan.name: plan.label for plan in PLANS.values()}
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.write(methods.page(clinic, NAVIGATION, pages, self.request.query))
