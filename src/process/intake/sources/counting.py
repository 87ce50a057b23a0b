"""Whether a mapping counts from each course's first appointment, and whether a file with less than everything can go through it."""

from __future__ import annotations

from process.errors import SettingWrong
from process.intake.mappings.language import Mapping, Take
from process.intake.sources.days import Earlier


def counted_by(mapping: Mapping) -> Take | None:
    """What says from where a course's days are counted: the line for sessions' days; with one row an appointment, without that, the one for the start week."""
    takes = [*mapping.takes, *(take for part in mapping.parts for take in part.takes)]
    day = next((take for take in takes if take.form == "day"), None)
    return day or (mapping.take("courses", "start_week") if mapping.kind == "rows" else None)


def refuse_uncountable(mapping: Mapping, earlier: Earlier | None) -> None:
    """Refuse (`SettingWrong`) to add or correct through a mapping whose numbers or days only the whole export can tell.

    `earlier`: what is remembered of earlier loads; None = nothing.
    """
    takes = [*mapping.takes, *(take for part in mapping.parts for take in part.takes)]
    whole = "Load the whole export, without `--add` or `--correct`: what has not changed costs little."
    if any(take.form == "order" for take in takes):
        raise SettingWrong(f"Mapping `{mapping.name}` numbers appointments by their dates, which needs all of them. {whole}")
    counted, week = counted_by(mapping), mapping.take("courses", "start_week")
    if counted is None and not any(take.form == "session" for take in takes):
        return
    if counted is not None and week is not None and (week.source, week.start) != (counted.source, counted.start):
        raise SettingWrong(f"Mapping `{mapping.name}` counts days from another appointment than the one that a course starts with. {whole}")
    if earlier is None or (counted is not None and earlier.starts.since != counted.start):
        raise SettingWrong(
            f"Mapping `{mapping.name}` counts days from each course's first appointment, and the table of codes remembers none that this mapping counts from. "
            "Load the whole export through this mapping once, without `--add` or `--correct`; then weeks can be added."
        )


__all__ = ["counted_by", "refuse_uncountable"]
