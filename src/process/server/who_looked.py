"""The page on the audit log, for directors alone: anybody else is refused, and that, like every look into the log, is in the log."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from urllib.parse import urlencode

from process.access import audit
from process.access.audit import reading
from process.errors import LogProblem, NotAllowed, UserError
from process.pages import NAVIGATION, who_looked
from process.server.signing_in import Gated


class WhoLooked(Gated):
    """Who looked at what, by person and period."""

    async def get(self) -> None:
        """The page; somebody who is not signed in is sent where every page sends them."""
        found = self.gate.signed_in(self)
        if found is None:
            self.redirect(f"{self.gate.login_url}?{urlencode({'next': '/'})}")
            return
        self.gate.table.touch(found.key)
        viewer = self.gate.viewer(found.key)
        if viewer.role != "director":
            audit.note("refused", viewer, page=who_looked.NAME, why="not a director")
            self.say(403, "This page is for directors", "<p>It shows who looked at what. <a href='/'>Back to the dashboards</a></p>")
            return
        kept = audit.kept()
        if kept is None:
            self.say(404, "No log is kept", "<p>This server was started without an audit log. <a href='/'>Back to the dashboards</a></p>")
            return
        wanted = [self.get_query_argument(name, "") for name in ("since", "until", "user")]
        asked = who_looked.period(*wanted, datetime.now(UTC).date())
        try:
            audit.flush()
            audit.note("read", viewer, page=who_looked.NAME)
            kept.require()
            folder = kept.chain.folder
            lines = await asyncio.get_running_loop().run_in_executor(None, lambda: list(reading.entries(folder, None, asked.since, asked.until)))
        except (LogProblem, NotAllowed, UserError) as problem:
            self.say(503, "The log cannot be read", f"<p>{type(problem).__name__}. Tell whoever runs the server.</p>")
            return
        people = {str(line[name]) for line in lines for name in ("user", "whom") if name in line}
        shown = [line for line in lines if not asked.user or asked.user in (line.get("user"), line.get("whom"))]
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.write(who_looked.page(viewer, NAVIGATION, shown, people, asked, self.gate.staying(found)))
