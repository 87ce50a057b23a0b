"""The default of a model's property is worked out once for its kind, and not each time that somebody looks at it.

Bokeh (3.9) puts the defaults of a model's ancestors together, copies the one that is asked for and validates it, for every look at a property that nobody
has set; a page that opens has two hundred thousand of these, a third of what it costs. Kept is what cannot be changed in place and is no work of a function:
texts, numbers, yes and no, nothing. Everything else, and whatever a theme says, is Bokeh's as before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bokeh.core.has_props import HasProps
from bokeh.core.property.descriptors import PropertyDescriptor

UNCHANGING = (str, int, float, bool, type(None))
THEMED = "__themed_values__"
_NOT_KNOWN = object()


def begin() -> None:
    """From now on, for the whole process."""
    if not getattr(PropertyDescriptor._get_default, "remembers", False):
        PropertyDescriptor.has_unstable_default = told_once(PropertyDescriptor.has_unstable_default)  # type: ignore[method-assign]
        PropertyDescriptor._get_default = remembering(PropertyDescriptor._get_default)  # type: ignore[method-assign]


def told_once(before: Callable[[Any, HasProps], bool]) -> Callable[[Any, HasProps], bool]:
    """The same answer, asked once for each kind of model and property: it depends on nothing else."""
    known: dict[tuple[type, str], bool] = {}

    def has_unstable_default(self: Any, obj: HasProps) -> bool:
        key = type(obj), self.name
        found = known.get(key)
        if found is None:
            found = known[key] = before(self, obj)
        return found

    return has_unstable_default


def remembering(before: Callable[[Any, HasProps], Any]) -> Callable[[Any, HasProps], Any]:
    """The same default, worked out once for each kind of model and property where it is one that cannot change."""
    known: dict[tuple[type, str], Any] = {}

    def _get_default(self: Any, obj: HasProps) -> Any:
        held = obj.__dict__  # where Bokeh puts what a theme says; to ask for an attribute that few have is slow
        if THEMED in held and self.name in held[THEMED]:
            return before(self, obj)
        if self.name in held["_unstable_default_values"]:  # a container or a model, made for this very one
            return held["_unstable_default_values"][self.name]
        key = type(obj), self.name
        found = known.get(key, _NOT_KNOWN)
        if found is _NOT_KNOWN:
            found = before(self, obj)
            if type(found) in UNCHANGING and not self.has_unstable_default(obj):
                known[key] = found
        return found

    _get_default.remembers = True  # type: ignore[attr-defined]
    return _get_default
