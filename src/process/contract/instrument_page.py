"""The registry of instruments as a page of the documentation: every form, every number, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable

from process.contract.instruments import Form

_NAMES = {
    "items": "items",
    "minimum": "lowest score",
    "maximum": "highest score",
    "priority": "priority",
    "reliability": "reliability",
    "clinical_mean": "mean, clinical group",
    "clinical_sd": "SD, clinical group",
    "functional_mean": "mean, functional group",
    "functional_sd": "SD, functional group",
}


def page(forms: Iterable[Form]) -> str:
    """Markdown: a heading and a table of numbers with sources for each form, in the order given; a number without a source is not there."""
    return "\n".join(_form(form) for form in forms)


def _form(form: Form) -> str:
    side = "higher is better" if form.direction == "higher_is_better" else "lower is better"
    said = dict(form.sources)
    rows = [(words, f"{getattr(form, name):g}", said[name]) for name, words in _NAMES.items() if name in said]
    for words, choices in (("cut-off", form.cutoffs), ("reliable change", form.reliable_changes)):
        rows += [(f"{words} (default)" if entry.default and len(choices) > 1 else words, f"{entry.value:g}", entry.source) for entry in choices]
    if form.change_rule == "jacobson_truax":
        rows.append(("reliable change", f"{form.reliable_change:.2f}", f"worked out: 1.96 √2 SD √(1 − r), {form.change_source}"))
    rows += [(f"subscale {part.name}", "items " + ", ".join(str(item) for item in part.items), part.source) for part in form.subscales]
    table = "\n".join(f"| {words} | {value} | {source} |" for words, value, source in rows)
    names = f"instrument `{form.instrument}`, form `{form.form}`"
    head = "| what | value | source |\n| --- | --- | --- |"
    return f"### {form.label}\n\n{form.name}: {names}; {form.construct}, rated by the {form.rater}, {side}.\n\n{head}\n{table}\n"
