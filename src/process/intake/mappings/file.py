"""The text of a mapping file becomes a `Mapping`: every section and key known, every column of the contract that is needed filled, or the place is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from process.contract.tables import TABLES
from process.errors import SettingWrong, did_you_mean
from process.intake.mappings.entries import CHOSEN_KEYS, chosen_of, part_of, refuse_lacking, refuse_unknown, repeated, scored_of, scores_of, takes_of
from process.intake.mappings.language import KINDS, BadRow, LeftOut, Mapping
from process.intake.sources import fhir_path

SECTIONS = (
    *("mapping", "source", "manifest", "courses", "sessions", "scores", "goals", "goal_reviews", "goal_ratings", "ruptures", "rupture_steps"),
    *("ignored", "ignored_rows", "bad_rows", "resources"),
)
SOURCE_KEYS = ("kind", "missing", "sheet", "references")
BAD_ROWS = {"missing": ("kind", "column", "fate", "reason"), "duplicate_key": ("kind", "conflicting", "identical"), "not_allowed": ("kind", "fate")}
MORE = ("goals", "goal_reviews", "goal_ratings", "ruptures", "rupture_steps")
TO_DECIDE = "decide: "


def checked(path: Path, text: dict[str, Any]) -> Mapping:
    """The mapping that the file's `text` is; `SettingWrong` names the place and what is allowed there."""
    where = f"Mapping file {path.name}"
    refuse_unknown(text, SECTIONS, where)
    for section in ("manifest", "courses", "sessions"):
        if section not in text:
            raise SettingWrong(f"{where}: section [{section}] is missing.")
    source = text.get("source", {})
    refuse_unknown(source, SOURCE_KEYS, f"{where}, [source]")
    kind = source.get("kind", "rows")
    if kind not in KINDS:
        raise SettingWrong(f"{where}, [source]: kind `{kind}` is not known. {did_you_mean(kind, KINDS)}")
    if source.get("references", "refuse file") not in ("refuse file", "refuse row"):
        raise SettingWrong(f"{where}, [source]: `references` may be `refuse file` or `refuse row`.")
    manifest = text["manifest"]
    refuse_unknown(manifest, ("clinic", "source", "origin", "as_of"), f"{where}, [manifest]")
    refuse_lacking(manifest, ("clinic", "source", "origin", "as_of"), f"{where}, [manifest]")
    latest = isinstance(manifest["as_of"], dict)
    in_rows = kind == "rows"
    if not in_rows and "bad_rows" in text:
        raise SettingWrong(f"{where}: [[bad_rows]] is for exports with one row an appointment; here [[ignored_rows]] says which rows are not wanted.")
    if in_rows and "ignored_rows" in text:
        raise SettingWrong(f"{where}: [[ignored_rows]] is for REDCap and FHIR; here [[bad_rows]] says which rows are bad.")
    takes = takes_of("courses", text["courses"], where) + takes_of("sessions", text["sessions"], where) if in_rows else ()
    single = () if in_rows else tuple(part_of(table, text[table], where, kind) for table in ("courses", "sessions"))
    scored = text.get("scores", [])
    mapping = Mapping(
        name=path.stem,
        path=path,
        missing=tuple(source.get("missing", [""])),
        clinic=manifest["clinic"],
        source=manifest["source"],
        origin=manifest["origin"],
        as_of=manifest["as_of"].get("latest", "") if latest else str(manifest["as_of"]),
        as_of_latest=latest,
        takes=takes,
        scores=tuple(scored_of(entry, where) for entry in scored) if in_rows else (),
        ignored=dict(text.get("ignored", {})),
        bad_rows=tuple(_bad_row(entry, where) for entry in text.get("bad_rows", [])),
        kind=kind,
        sheet=source.get("sheet", ""),
        parts=single
        + tuple(scores_of(entry, where, kind) for entry in scored if not in_rows)
        + tuple(part_of(table, entry, where, kind) for table in MORE for entry in repeated(text.get(table, []), where)),
        left_out=tuple(_left_out(entry, where) for entry in text.get("ignored_rows", [])),
        paths={resource: dict(paths) for resource, paths in text.get("resources", {}).items()},
        whole_references=source.get("references", "refuse file") == "refuse file",
        undecided=tuple(_undecided({name: section for name, section in text.items() if name != "mapping"})),
    )
    return _whole(mapping, where)


def _undecided(value: Any, place: str = "") -> Iterator[str]:
    """Where the file still holds a draft's mark, with what it asks."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if TO_DECIDE in name:
                yield f"{place}: {name.partition(TO_DECIDE)[2]}"
            else:
                yield from _undecided(inner, f"{place} {name}".strip() if place else f"[{name}]")
    elif isinstance(value, list):
        for inner in value:
            yield from _undecided(inner, place)
    elif isinstance(value, str) and TO_DECIDE in value:
        yield f"{place}: {value.partition(TO_DECIDE)[2]}"


def _left_out(entry: dict[str, Any], where: str) -> LeftOut:
    place = f"{where}, [[ignored_rows]]"
    refuse_unknown(entry, (*CHOSEN_KEYS, "reason"), place)
    refuse_lacking(entry, ("reason",), place)
    return LeftOut(chosen_of(entry, place), entry["reason"])


def _bad_row(entry: dict[str, str], where: str) -> BadRow:
    place = f"{where}, [[bad_rows]]"
    kind = entry.get("kind", "")
    if kind not in BAD_ROWS:
        raise SettingWrong(f"{place}: kind `{kind}` is not known. {did_you_mean(kind, BAD_ROWS)}")
    refuse_unknown(entry, BAD_ROWS[kind], f"{place} {kind}")
    fates = {"fate": "refuse", "conflicting": "refuse all", "identical": "keep one"}
    for key, only in fates.items():
        if key in entry and entry[key] != only:
            raise SettingWrong(f"{place} {kind}: `{key}` may only be `{only}`.")
    if kind == "missing":
        refuse_lacking(entry, ("column", "reason"), f"{place} missing")
    return BadRow(kind, entry.get("column", ""), entry.get("reason", ""))


def _whole(mapping: Mapping, where: str) -> Mapping:
    """Refuse what contradicts itself: needed columns that nothing fills, names that no part of the file knows."""
    if mapping.kind == "rows":
        for table in ("courses", "sessions"):
            for name in TABLES[table].required:
                if mapping.take(table, name) is None and (table, name) != ("sessions", "course_id"):
                    raise SettingWrong(f"{where}: nothing fills [{table}] {name}, which the contract needs.")
        for name in ("course_id", "session_number"):
            take = mapping.take("courses" if name == "course_id" else "sessions", name)
            if not take.source or (take.form and not take.columns):
                raise SettingWrong(f"{where}: {name} must come from a column of the export.")
            if take.form:
                raise SettingWrong(f"{where}: `as` has no meaning for {name} in an export with one row an appointment.")
    if mapping.kind != "rows" and mapping.as_of_latest:
        sessions = mapping.part("sessions")
        if mapping.as_of not in [f"{sessions.chosen.resource}.{name}".lstrip(".") for name in sessions.columns]:
            raise SettingWrong(f"{where}: `{mapping.as_of}` is not a column that [sessions] reads, so that it has no latest date of a session.")
    _dates_alone(mapping, where)
    if mapping.kind == "fhir":
        _resources(mapping, where)
    elif mapping.paths:
        raise SettingWrong(f"{where}: [resources] is for FHIR alone.")
    else:
        _named(mapping, where)
    return mapping


def _dates_alone(mapping: Mapping, where: str) -> None:
    """Refuse a column that becomes a week or a day and also a code: its dates would stand in the records as they are."""
    takes = [("", take) for take in mapping.takes] + [(part.chosen.resource, take) for part in mapping.parts for take in part.takes]
    dated = {(resource, name) for resource, take in takes if take.form for name in take.source}
    for resource, take in takes:
        for name in take.source:
            if not take.form and (resource, name) in dated:
                raise SettingWrong(
                    f"{where}: `{name}` holds dates, which become weeks and days only; {take.table}.{take.column.name} cannot be filled from it."
                )


def _named(mapping: Mapping, where: str) -> None:
    named = [row.column for row in mapping.bad_rows if row.kind == "missing"] + ([mapping.as_of] if mapping.as_of_latest else [])
    for name in named:
        if name not in mapping.columns:
            raise SettingWrong(f"{where}: column `{name}` is not among those it maps or ignores. {did_you_mean(name, mapping.columns)}")
    both = set(mapping.ignored) & set(mapping.mapped)
    if both:
        raise SettingWrong(f"{where}: `{min(both)}` is both mapped and ignored.")


def _resources(mapping: Mapping, where: str) -> None:
    for resource, paths in mapping.paths.items():
        for name, text in paths.items():
            fhir_path.parsed(resource, text, f"{where}, [resources.{resource}] {name}")
    for chosen, columns in [(part.chosen, part.columns) for part in mapping.parts] + [(entry.chosen, entry.chosen.columns) for entry in mapping.left_out]:
        if chosen.resource not in mapping.paths:
            raise SettingWrong(
                f"{where}: resource `{chosen.resource}` has no [resources.{chosen.resource or '…'}]. {did_you_mean(chosen.resource, mapping.paths)}"
            )
        for name in columns:
            if name not in mapping.paths[chosen.resource]:
                raise SettingWrong(f"{where}: `{name}` is not a column of [resources.{chosen.resource}]. {did_you_mean(name, mapping.paths[chosen.resource])}")
