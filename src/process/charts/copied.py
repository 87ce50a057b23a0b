"""A copy of Bokeh models under new names, made of the values they hold.

Bokeh's own way, written and read again or cloned, has every value of every property checked and compared once more: fifty milliseconds a figure. What is
copied here has been through that, so its values are taken as they are. What is relied on of Bokeh is how a model keeps its values; one that keeps anything
else is refused, and tests hold copies against the first, property by property.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, TypeVar

from bokeh.core.property.wrappers import PropertyValueContainer
from bokeh.core.serialization import Serializable
from bokeh.model import Model

Kind = TypeVar("Kind", bound=Model)
Twins = dict[Model, Model]
"""The copy of each model that was met, by the model."""

_PLAIN = {str, int, float, bool, type(None)}
THEMED = "__themed_values__"
OF_A_PAGE = {"_document", "_temp_document", "_callbacks", "_event_callbacks"}
"""What a model has because of the page it is on: a copy is on none, and nobody listens to it."""
KNOWN = {"_id", "_initialized", "_property_values", "_unstable_default_values", "_unstable_themed_values", THEMED} | OF_A_PAGE
"""All that a model has; anything else must be nothing, because nobody knows whose it is."""


def copied(model: Kind, twins: Twins) -> Kind:
    """A model with all that it refers to, shared with nothing else; `twins` gets the copy of each. A `TypeError` names what cannot be copied."""
    if model in twins:
        return twins[model]  # type: ignore[return-value]
    kind = type(model)
    twins[model] = twin = kind.__new__(kind)
    held, made = model.__dict__, twin.__dict__
    strange = [name for name, value in held.items() if name not in KNOWN and value is not None]
    if strange:
        raise TypeError(f"{kind.__name__} has {', '.join(strange)}, which is not known how to copy.")
    made |= {name: None for name in held if name not in KNOWN}
    made |= {"_document": None, "_temp_document": None, "_callbacks": {}, "_event_callbacks": defaultdict(list), "_unstable_themed_values": {}}
    if THEMED in held:
        made[THEMED] = held[THEMED]  # Bokeh itself shares it between models
    for values in ("_property_values", "_unstable_default_values"):
        made[values] = {name: _owned(_copied(value, twins), twin, name) for name, value in held[values].items()}
    made["_initialized"] = True
    return twin


def _copied(value: Any, twins: Twins) -> Any:
    """A value with the models in it copied."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, Model):
        return copied(value, twins)
    if isinstance(value, dict):
        return kind({_copied(key, twins): _copied(each, twins) for key, each in value.items()}) if value else kind()
    if isinstance(value, list | tuple | set):
        return kind([_copied(each, twins) for each in value]) if value else kind()
    if isinstance(value, Serializable) and any(isinstance(each, Model) for each in vars(value).values()):
        raise TypeError(f"{kind.__name__} refers to a model, which is not known how to copy.")
    return value  # texts, numbers, and arrays, which are replaced and never changed


def _owned(value: Any, owner: Model, name: str) -> Any:
    if isinstance(value, PropertyValueContainer):
        value._register_owner(owner, owner.lookup(name))  # type: ignore[arg-type]
    return value
