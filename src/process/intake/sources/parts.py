"""One section of a mapping file and the rows that it means: the text of one table of the contract, and every row that cannot be that, by reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from process.contract.tables import TABLES
from process.intake.mappings.language import Part, Take
from process.intake.sources.translate import dates, refuse_ambiguous, translated

CONFLICTING = "repeated key: the rows contradict each other, all are refused"
IDENTICAL = "repeated key: identical copy of a row that is kept"
NO_SESSION = "its session is not there"
Refused = dict[str, int]


@dataclass
class Drawn:
    """What a part gives: `text`, the contract's columns for every row that can be, index = the export's rows; and the account of the others."""

    text: pd.DataFrame
    rows_in: int
    refused: Refused = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    def refuse(self, reason: str, wrong: pd.Series) -> None:
        """Take those rows out, counted under `reason`; `wrong` is aligned with the rows by index."""
        wrong = wrong.reindex(self.text.index, fill_value=False).astype(bool)
        if wrong.any():
            self.refused[reason] = self.refused.get(reason, 0) + int(wrong.sum())
            self.text = self.text[~wrong.to_numpy()]


@dataclass(frozen=True)
class Appointments:
    """The sessions that were kept, for rows that refer to one: `course_id`, `session_number` (text), `key`, `when` (a date), `attendance`."""

    rows: pd.DataFrame

    def after(self, earlier: pd.DataFrame) -> Appointments:
        """The same with those of earlier loads before them, which no key refers to."""
        return Appointments(pd.concat([earlier.assign(key=None).astype({"key": "object"}), self.rows], ignore_index=True)) if len(earlier) else self

    def of(self, keys: pd.Series) -> pd.DataFrame:
        """Course and number of the appointment that each key is, missing where there is none."""
        known = self.rows.drop_duplicates("key").set_index("key")[["course_id", "session_number"]]
        return known.reindex(keys.to_numpy()).set_axis(keys.index)

    def on(self, course: pd.Series, when: pd.Series) -> pd.Series:
        """The number of the course's latest attended session on or before a date, "" where there is none."""
        held = self.rows[(self.rows["attendance"] == "attended") & self.rows["when"].notna()].sort_values("when", kind="stable")
        asked = pd.DataFrame({"course_id": course, "when": when, "row": range(len(course))}).dropna(subset=["when"]).sort_values("when", kind="stable")
        found = pd.merge_asof(asked, held[["course_id", "when", "session_number"]], on="when", by="course_id").set_index("row")["session_number"]
        return found.reindex(range(len(course))).fillna("").astype("str").set_axis(course.index)


def drawn(part: Part, rows: pd.DataFrame, appointments: Appointments | None = None, implied: pd.DataFrame | None = None) -> Drawn:
    """The part's text from its chosen `rows` (str columns of the export). `implied`: course_id and session_number of rows that are appointments."""
    result, bad = _translated(part.takes, lambda take: rows, rows.index)
    if implied is not None:
        for name in ("course_id", "session_number"):
            if name in TABLES[part.table].names and name not in result.text:
                result.text[name] = implied[name].loc[rows.index]
    lost = pd.Series(False, index=rows.index)
    if part.session and appointments is not None:
        found = appointments.of(rows[part.session])
        lost = found["session_number"].isna()
        for name in ("course_id", "session_number"):
            if name in TABLES[part.table].names and part.take(name) is None:
                result.text[name] = found[name].fillna("").astype("str")
    result.refuse(NO_SESSION, lost)
    _refuse_bad(result, bad)
    for take in part.takes:
        if take.form == "session" and appointments is not None:
            course = result.text["course_id"] if "course_id" in result.text else rows.loc[result.text.index, part.course]
            _at_date(result, take, course, rows, appointments)
    return result


def gathered(part: Part, rows: pd.DataFrame, implied: pd.DataFrame) -> Drawn:
    """One row for each thing (a goal) that several appointments speak of: its first row's values, or the last one's where the take says `last`.

    `rows`: in the order of course and session.
    """
    key = TABLES[part.table].key[0]
    name, _ = translated(part.take(key), rows)
    known = pd.DataFrame({"course": implied["course_id"].loc[rows.index], "name": name})
    thing = known.groupby(["course", "name"], sort=False).ngroup()
    firsts, lasts = rows[~thing.duplicated()], rows[~thing.duplicated(keep="last")]
    lasts = lasts.loc[thing.loc[lasts.index].sort_values().index].set_axis(firsts.index)
    result, bad = _translated(part.takes, lambda take: lasts if take.last else firsts, firsts.index)
    result.text["course_id"] = implied["course_id"].loc[firsts.index]
    _refuse_bad(result, bad)
    for take in part.takes:
        if take.always is None and not take.last and take.column.name not in (key, "agreed_session"):
            differing = int((rows[list(take.source)].groupby(thing).nunique() > 1).any(axis=1).sum())
            if differing:
                result.notes[f"{part.table} whose rows differ in {take.column.name}: the first session's is taken"] = differing
    return result


def without_repeats(table: str, result: Drawn) -> Drawn:
    """The rows whose key stands once; identical copies but one, and all rows that contradict each other, are refused."""
    key = list(TABLES[table].key)
    rows = result.text
    again = rows.duplicated(key, keep=False)
    copies = rows.duplicated() & again
    distinct = rows[~rows.duplicated()]
    contested = distinct.loc[distinct.duplicated(key, keep=False), key].drop_duplicates().assign(wrong=True)
    contradicted = rows[key].merge(contested, on=key, how="left")["wrong"].notna().set_axis(rows.index)
    result.refuse(CONFLICTING, contradicted)
    result.refuse(IDENTICAL, copies & ~contradicted)
    return result


def _translated(takes: tuple[Take, ...], rows_of: Callable[[Take], pd.DataFrame], index: pd.Index) -> tuple[Drawn, list[tuple[str, pd.Series]]]:
    text: dict[str, pd.Series] = {}
    result, bad = Drawn(pd.DataFrame(index=index), len(index)), []
    for take in sorted(takes, key=lambda take: len(take.source)):  # a joined code is wrong where its part is: name the part
        name = take.column.name
        cells, wrong = translated(take, rows_of(take))
        for kind, mask in wrong.items():
            if take.empty_if_bad:
                cells = cells.where(~mask, "")
                result.notes[f"{name}: {kind}; left empty"] = int(mask.sum())
            else:
                bad.append((f"{name}: {kind}", pd.Series(mask, index=index)))
        refuse_ambiguous(take, rows_of(take), cells)
        text[name] = cells
    result.text = pd.DataFrame(text, index=index)
    return result, bad


def _refuse_bad(result: Drawn, bad: list[tuple[str, pd.Series]]) -> None:
    for reason, wrong in bad:
        result.refuse(reason, wrong)


def _at_date(result: Drawn, take: Take, course: pd.Series, rows: pd.DataFrame, appointments: Appointments) -> None:
    name = take.column.name
    when = dates(rows.loc[result.text.index, take.source[0]], take.date_format)
    number = appointments.on(course, when)
    result.text = result.text.assign(**{name: number})
    absent = number == ""
    result.refuse(f"{name}: no session of the course was held on or before its date", absent & (when.notna() | take.column.required))
