"""A first mapping file for an export, from its header alone: what could be guessed by name, and a mark wherever a person has to decide."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from process.contract import instruments
from process.contract.instruments import Form
from process.contract.tables import TABLES, Column
from process.intake.identifying import names as telling_names
from process.intake.mappings.draft_fhir import fhir_draft
from process.intake.mappings.draft_wide import side_by_side
from process.intake.mappings.guesses import columns_of, form_of
from process.intake.mappings.header import REDCAP, Header

DECIDE = "decide: "
HEAD = """# A draft, made from the names of columns alone. Check every line, replace every text that begins with "decide:", then ask
#   therapy-process mapping check THIS_FILE EXPORT
# docs/intake.md explains every key.
"""


def draft(header: Header, forms: Sequence[Form] | None = None) -> str:
    """The text of a mapping file for an export with this header. Nothing but names of columns, sheets, types and code systems of the export is in it."""
    forms = instruments.registry() if forms is None else forms
    if header.kind == "fhir":
        return HEAD + fhir_draft(header.shapes, forms)
    return HEAD + (_redcap(header.columns, forms) if header.kind == "redcap" else _rows(header, forms))


def quoted(text: str) -> str:
    """The text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


def _rows(header: Header, forms: Sequence[Form]) -> str:
    courses, sessions = columns_of("courses", header.columns), columns_of("sessions", header.columns)
    day = sessions.get("week", "")
    lines = _front("rows", header.sheet, day)
    lines += ["# A course is one patient with one therapist. Where codes are unique within a therapist only, join them:"]
    lines += ['# { from = ["therapist", "client"] }', "[courses]"]
    patient = courses.get("patient_id")
    if "course_id" not in courses and patient:
        lines.append(f"course_id = {{ from = {quoted(patient)} }}  # no column of its own: one course a patient")
    lines += _takes("courses", courses, skip=("start_week",) + (("course_id",) if "course_id" not in courses and patient else ()))
    start = courses.get("start_week", day)
    if start:
        lines.append(f"start_week = {_date(start, 'week', '' if 'start_week' in courses else 'first_attended')}")
    lines += ["", "[sessions]", *_takes("sessions", sessions, skip=("course_id", "week"))]
    if day:
        lines += [f"week = {_date(day, 'week')}", f"day = {_date(day, 'day', 'first_attended')}"]
    used = {*courses.values(), *sessions.values()}
    scored, named = _scores(header.columns, used, forms)
    more, taken = side_by_side([name for name in header.columns if name not in used | named], _takes)
    return _text(lines + scored + more + _ignored(header.columns, used | named | taken))


def _redcap(columns: Sequence[str], forms: Sequence[Form]) -> str:
    groups = _instruments(columns)
    record = columns[0]
    best: dict[str, tuple[str, dict[str, str]]] = {}
    for table, least in (("courses", 2), ("sessions", 2), ("goals", 3), ("goal_reviews", 3), ("goal_ratings", 3), ("ruptures", 3), ("rupture_steps", 3)):
        guesses = {name: columns_of(table, fields, prefixed=True) for name, fields in groups.items() if name not in {place for place, _ in best.values()}}
        name = max(guesses, key=lambda name: len(guesses[name]), default=None)
        if name is not None and (len(guesses[name]) >= least or table in ("courses", "sessions")):
            best[table] = (name, guesses[name])
    lines = _front("redcap", "", best["sessions"][1].get("week", "") if "sessions" in best else "")
    repeat = REDCAP[1] if REDCAP[1] in columns else REDCAP[0]
    used = {record, repeat}
    for table, (place, guessed) in best.items():
        guessed = {column: name for column, name in guessed.items() if name not in used and column != "course_id"}
        single = table in ("courses", "sessions")
        lines += ["", f"[{table}]" if single else f"[[{table}]]"]
        chosen = {repeat: "" if table == "courses" else place} if repeat == REDCAP[1] else {repeat: f"{DECIDE}the event of {table}"}
        lines.append(f"where = {{ {', '.join(f'{key} = {quoted(value)}' for key, value in chosen.items())} }}")
        if "course_id" in TABLES[table].names:
            lines.append(f"course_id = {{ from = {quoted(record)} }}")
        day = guessed.get("week", "") if table == "sessions" else ""
        lines += _takes(table, guessed, skip=("course_id", "week", "start_week"))
        if day:
            lines += [f"week = {_date(day, 'week')}", f"day = {_date(day, 'day', 'first_attended')}"]
        if table == "courses" and guessed.get("start_week"):
            lines.append(f"start_week = {_date(guessed['start_week'], 'week')}")
        used |= set(guessed.values())
    where = best.get("sessions", ("", {}))
    number = where[1].get("session_number", f"{DECIDE}the field with the session's number")
    scored, named = _scores(columns, used, forms, [f"where = {{ {repeat} = {quoted(where[0])} }}", f"course_id = {{ from = {quoted(record)} }}",
                                                    f"session_number = {{ from = {quoted(number)} }}"])  # fmt: skip
    marks = {name: "REDCap's own mark of a form or a repetition" for name in columns if name.endswith("_complete") or name in REDCAP}
    return _text(lines + scored + _ignored(columns, used | named, marks))


def _instruments(columns: Sequence[str]) -> dict[str, list[str]]:
    """The fields of each of the project's instruments: REDCap writes them in a row and closes them with <instrument>_complete."""
    found, fields = {}, []
    for name in columns[1:]:
        if name in REDCAP:
            continue
        if name.endswith("_complete"):
            found[name.removesuffix("_complete")], fields = fields, []
        else:
            fields.append(name)
    if fields:
        found[f"{DECIDE}the instrument"] = fields
    return found


def _front(kind: str, sheet: str, day: str) -> list[str]:
    lines = ["[mapping]", 'title = "Draft"', "version = 1", "", "[source]"]
    lines += [f"kind = {quoted(kind)}"] if kind != "rows" else []
    lines += [f"sheet = {quoted(sheet)}"] if sheet else []
    lines += ['missing = [""]  # further words that mean "no value": "NA", "-"', "", "[manifest]", f'clinic = "{DECIDE}the name that pages show"']
    lines += [f'source = "{DECIDE}the system that the export comes from"', 'origin = "real"']
    lines.append(f"as_of = {{ latest = {quoted(day)} }}" if day else f'as_of = "{DECIDE}the day up to which the records are complete, YYYY-MM-DD"')
    return [*lines, ""]


def _takes(table: str, guessed: dict[str, str], skip: Iterable[str] = ()) -> list[str]:
    lines = []
    for column in TABLES[table].columns:
        name = guessed.get(column.name)
        if column.name in skip or (name is None and not column.required):
            continue
        lines.append(f"{column.name} = {_take(column, name)}")
    return lines


def _take(column: Column, name: str | None) -> str:
    if column.name == "ending" and name is None:
        return '{ always = "unknown" }  # no column says how the course ended'
    if name is None:
        return f'{{ from = "{DECIDE}{column.what}" }}'
    if column.kind == "week":
        return _date(name, "week")
    if column.kind == "choice":
        words = ", ".join(f'"{DECIDE}the word for {value}" = "{value}"' for value in column.values)
        return f"{{ from = {quoted(name)}, words = {{ {words} }} }}"
    spell = ', spell = "code"' if column.name == "team" else ""
    return f"{{ from = {quoted(name)}{spell} }}"


def _date(name: str, form: str, start: str = "") -> str:
    since = f", start = {quoted(start)}" if start else ""
    return f'{{ from = {quoted(name)}, as = "{form}", format = "iso"{since} }}'


def _scores(columns: Sequence[str], used: set[str], forms: Sequence[Form], more: Sequence[str] = ()) -> tuple[list[str], set[str]]:
    lines, named = [], set()
    for name in columns:
        found = [] if name in used else form_of(name, forms)
        if found:
            named.add(name)
            form = found[0].form if len(found) == 1 else f"{DECIDE}{' or '.join(entry.form for entry in found)}"
            said = {"column": name, "instrument": found[0].instrument, "form": form, "rater": found[0].rater}
            lines += ["", "[[scores]]", *more, *(f"{key} = {quoted(value)}" for key, value in said.items())]
    return lines, named


def _ignored(columns: Sequence[str], used: set[str], reasons: dict[str, str] | None = None) -> list[str]:
    lines = ["", "# Say for each why it is not used, or map it above.", "[ignored]"]
    for name in columns:
        if name in used:
            continue
        kind = telling_names.identifier(name)
        reason = f"{DECIDE}its name says that it holds {kind}; leave it out of the export" if kind else f"{DECIDE}map it, or say why it is not used"
        lines.append(f"{quoted(name)} = {quoted((reasons or {}).get(name, reason))}")
    return lines


def _text(lines: list[str]) -> str:
    return "\n" + "\n".join(lines) + "\n"
