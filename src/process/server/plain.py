"""Pages that say one thing: the first one, health, an address that is no page."""

from __future__ import annotations

from process.pages import NAVIGATION
from process.server.headers import Guarded


class Health(Guarded):
    """Answers without sign-in and says nothing about the records."""

    def get(self) -> None:
        """`{"status": "ok"}` while the server runs."""
        self.write({"status": "ok"})


class Home(Guarded):
    """The first page."""

    def get(self) -> None:
        """The overview comes later; until then the alliance page."""
        self.redirect("/alliance")


class Tidy(Guarded):
    """A page's address with a slash too many: Bokeh would serve the page there, with every relative address in it wrong."""

    def get(self, page: str) -> None:
        """To the page itself, with the filters of its link."""
        self.redirect(f"/{page}{'?' + self.request.query if self.request.query else ''}")


class Unknown(Guarded):
    """Any address that is not listed: those of Bokeh and Panel for autoload, metadata, components and an index, too."""

    async def prepare(self) -> None:
        """Name the pages there are."""
        pages = ", ".join(f"<a href='/{name}'>{label}</a>" for name, label in NAVIGATION.items())
        self.say(404, "There is no such page", f"<p>The pages are {pages}.</p>")
