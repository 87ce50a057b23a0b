"""The entries of a mapping file: a line fills one column of the contract, a section chooses rows and fills one table; mistakes are told with their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from process.contract.tables import TABLES
from process.errors import SettingWrong, did_you_mean
from process.intake.mappings.language import Chosen, Part, Scored, Take

SPELLED = ("team", "modality")
TAKE_KEYS = ("from", "joined_with", "always", "missing", "words", "as", "start", "format", "spell", "if_bad", "outside", "of", "otherwise")
CHOSEN_KEYS = ("resource", "where", "filled")
SCORE_KEYS = ("column", "instrument", "form", "rater")
FORMS = {"sessions": ("week", "day", "order"), "courses": ("week",)}
STARTS = ("first", "first_attended")
MOST_REPEATS = 50


def repeated(entries: list[dict[str, Any]], where: str) -> list[dict[str, Any]]:
    """Each entry, one with `repeat = 3` three times: `{n}` in its texts becomes 1, 2, 3."""
    found = []
    for entry in entries:
        many = entry.get("repeat", 1)
        if not isinstance(many, int) or not 1 <= many <= MOST_REPEATS:
            raise SettingWrong(f"{where}: `repeat` may be a whole number from 1 to {MOST_REPEATS}.")
        rest = {name: value for name, value in entry.items() if name != "repeat"}
        found += [_numbered(rest, str(number)) for number in range(1, many + 1)] if "repeat" in entry else [rest]
    return found


def _numbered(value: Any, number: str) -> Any:
    if isinstance(value, dict):
        return {_numbered(key, number): _numbered(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbered(inner, number) for inner in value]
    return value.replace("{n}", number) if isinstance(value, str) else value


def takes_of(table: str, section: dict[str, Any], where: str) -> tuple[Take, ...]:
    """Every line of [courses] or [sessions] in an export with one row an appointment."""
    return tuple(_take(table, name, entry, f"{where}, [{table}] {name}") for name, entry in section.items())


def _take(table: str, name: str, entry: Any, place: str) -> Take:
    if name not in TABLES[table].names:
        raise SettingWrong(f"{place}: not a column of the contract. {did_you_mean(name, TABLES[table].names)}")
    if not isinstance(entry, dict) or ("from" in entry) == ("always" in entry):
        raise SettingWrong(f'{place}: say either {{ from = "column of the export" }} or {{ always = "value" }}.')
    refuse_unknown(entry, TAKE_KEYS, place)
    forms = ("session",) if name in ("session_number", "agreed_session", "closed_session") and table not in FORMS else FORMS.get(table, ())
    if "spell" in entry and name not in SPELLED:
        raise SettingWrong(f"{place}: `spell` makes a code of a name, and is for {' and '.join(SPELLED)} alone; free text would come in with it elsewhere.")
    allowed = {"as": forms, "start": STARTS, "spell": ("code",), "if_bad": ("refuse", "empty"), "outside": ("refuse", "undated"), "of": ("first", "last")}
    for key, words in allowed.items():
        if key in entry and entry[key] not in words:
            raise SettingWrong(f"{place}: `{key}` may be {' or '.join(words)}." if words else f"{place}: `{key}` has no meaning here.")
    column = TABLES[table].column(name)
    if entry.get("if_bad") == "empty" and column.required:
        raise SettingWrong(f"{place}: the contract needs this column; a bad cell cannot be left empty.")
    if column.kind == "week" and "from" in entry and entry.get("as") != "week":
        raise SettingWrong(f'{place}: say `as = "week"`, so that a calendar date becomes the Monday of its week.')
    source = entry.get("from", ())
    return Take(
        table=table,
        column=column,
        source=(source,) if isinstance(source, str) else tuple(source),
        joined_with=entry.get("joined_with", "-"),
        always=entry.get("always"),
        missing=tuple(entry.get("missing", ())),
        words=tuple(entry.get("words", {}).items()),
        form=entry.get("as", ""),
        start=entry.get("start", "first"),
        date_format=entry.get("format", "%Y-%m-%d"),
        spell_code=entry.get("spell") == "code",
        empty_if_bad=entry.get("if_bad") == "empty",
        undated_outside=entry.get("outside") == "undated",
        last=entry.get("of") == "last",
        otherwise=_take(table, name, entry["otherwise"], f"{place}, otherwise") if "otherwise" in entry else None,
    )


def chosen_of(entry: dict[str, Any], place: str) -> Chosen:
    """Which rows an entry means."""
    where = {name: (values,) if isinstance(values, str) else tuple(values) for name, values in entry.get("where", {}).items()}
    filled = entry.get("filled", ())
    return Chosen(entry.get("resource", ""), tuple(where.items()), (filled,) if isinstance(filled, str) else tuple(filled))


def part_of(table: str, entry: dict[str, Any], where: str, kind: str) -> Part:
    """One section that fills one table from the rows that it means."""
    place = f"{where}, {f'[{table}]' if table in FORMS else f'[[{table}]]'}"
    own = (*CHOSEN_KEYS, *(("key",) if table == "sessions" else ("session", "course")))
    takes = tuple(_take(table, name, value, f"{place} {name}") for name, value in entry.items() if name not in own)
    part = Part(table, chosen_of(entry, place), takes, entry.get("session", ""), entry.get("key", ""), entry.get("course", ""))
    implied = ("course_id", "session_number") if kind == "rows" or part.session else ()
    for name in TABLES[table].required:
        if part.take(name) is None and name not in implied:
            raise SettingWrong(f"{place}: nothing fills {name}, which the contract needs.")
    if any(take.form == "session" for take in part.takes):
        if kind == "rows":
            raise SettingWrong(f'{place}: `as = "session"` has no meaning in an export with one row an appointment; the session is that of the row.')
        if "course_id" not in TABLES[table].names and not part.course:
            raise SettingWrong(f'{place}: say `course = "column"`: the column that names the course whose session is looked for.')
    if kind == "rows" and not part.chosen.filled:
        raise SettingWrong(f'{place}: say `filled = "column"`: the column that is filled in the rows that count.')
    return part


def scores_of(entry: dict[str, Any], where: str, kind: str) -> Part:
    """One entry of [[scores]] as a section like the others: its column is the value, and must be filled."""
    place = f"{where}, [[scores]]"
    refuse_lacking(entry, SCORE_KEYS, place)
    fixed = {name: {"always": entry[name]} for name in ("instrument", "form", "rater")}
    rest = {name: value for name, value in entry.items() if name not in SCORE_KEYS}
    filled = rest.pop("filled", ())
    filled = (filled,) if isinstance(filled, str) else tuple(filled)
    return part_of("scores", rest | fixed | {"value": {"from": entry["column"]}, "filled": (*filled, entry["column"])}, where, kind)


def scored_of(entry: dict[str, str], where: str) -> Scored:
    """One entry of [[scores]] in an export with one row an appointment."""
    refuse_unknown(entry, SCORE_KEYS, f"{where}, [[scores]]")
    refuse_lacking(entry, SCORE_KEYS, f"{where}, [[scores]]")
    return Scored(*(entry[key] for key in SCORE_KEYS))


def refuse_unknown(entry: dict, allowed: Iterable[str], place: str) -> None:
    """Refuse a key that is not among those allowed."""
    for key in entry:
        if key not in allowed:
            raise SettingWrong(f"{place}: `{key}` is not known. {did_you_mean(key, allowed)}")


def refuse_lacking(entry: dict, needed: Iterable[str], place: str) -> None:
    """Refuse an entry without a key that it needs."""
    for key in needed:
        if key not in entry:
            raise SettingWrong(f"{place}: `{key}` is missing.")
