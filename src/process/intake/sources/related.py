"""An export with several kinds of rows (REDCap, FHIR) into the contract's tables: sessions first, because what else there is may refer to them.

A row that cannot be what its section says is refused alone, under one reason; a row that no section takes is left out and counted with its file.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from process.contract import instruments
from process.contract.instruments import Form
from process.contract.tables import TABLES
from process.errors import FileRefused, SettingWrong
from process.intake.cells import outside
from process.intake.codes.remembered import Starts
from process.intake.columns import score_faults, typed
from process.intake.faults import Fault, refusal
from process.intake.mappings.language import Mapping, Part
from process.intake.report import FileReport, Note, TableReport
from process.intake.sources.chosen import chosen_rows
from process.intake.sources.days import Earlier, begun, days_since, latest_week_end
from process.intake.sources.parts import Appointments, Drawn, drawn, without_repeats
from process.intake.sources.translate import dates, iso

NOT_TAKEN = "no section of the mapping takes it"
UNDATED = "sessions kept without a date: they have no week"


@dataclass(frozen=True)
class RowSet:
    """Rows of one kind as text. `file`: which of `files` each row stands in (same index); `line`: its line there."""

    what: str
    rows: pd.DataFrame
    files: tuple[str, ...]
    file: pd.Series
    line: pd.Series


class Related:
    """The rows of one export on their way: what became of them, table by table. `earlier`: of a part of an export, what is known of those before it."""

    def __init__(self, mapping: Mapping, sets: Dict[str, RowSet], forms: Sequence[Form] | None = None, earlier: Earlier | None = None):
        self.mapping, self.sets, self.forms, self.earlier = mapping, sets, forms, earlier
        self.starts: Starts | None = None
        self.left: dict[str, pd.Series] = {name: pd.Series("", index=entry.rows.index, dtype="str") for name, entry in sets.items()}
        self.used: dict[str, pd.Series] = {name: pd.Series(False, index=entry.rows.index) for name, entry in sets.items()}
        for entry in mapping.left_out:
            if entry.chosen.resource in sets:
                mask = chosen_rows(sets[entry.chosen.resource].rows, entry.chosen)
                self.left[entry.chosen.resource] = self.left[entry.chosen.resource].where(~mask, entry.reason)
        self.notes: dict[str, int] = {}
        self.accounts: list[TableReport] = []
        self.appointments: Appointments | None = None
        self._latest: pd.Timestamp | None = None

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table that the mapping speaks of, typed; `FileRefused` where no session or course is left."""
        found = {"sessions": self._sessions()}
        if not len(found["sessions"]) and self.earlier is None:
            why = "; ".join(f"{count:,} refused: {reason}" for reason, count in self.accounts[0].refused.items()) or "there was none"
            raise FileRefused(f"No row of table `sessions` is left to load ({why}). Nothing was loaded.")
        for name in TABLES:
            parts = [part for part in self.mapping.parts if part.table == name]
            if name != "sessions" and parts:
                found[name] = self._table(name, parts)
        found["manifest"] = self._manifest()
        return {name: found[name] for name in TABLES if name in found}

    def _rows(self, part: Part) -> pd.DataFrame:
        """The rows that a part means, less those that are left out by name."""
        resource = part.chosen.resource
        if resource not in self.sets:
            return pd.DataFrame({name: pd.Series([], dtype="str") for name in part.columns})
        rows = self.sets[resource].rows
        mask = chosen_rows(rows, part.chosen) & (self.left[resource] == "")
        self.used[resource] |= mask
        return rows.loc[mask, list(part.columns)]

    def _sessions(self) -> pd.DataFrame:
        part = self.mapping.part("sessions")
        rows = self._rows(part)
        result = drawn(part, rows)
        dated = next((take for take in part.takes if take.form and take.source), None)
        when = dates(rows[dated.source[0]], dated.date_format) if dated else pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
        if part.take("session_number").form == "order":
            result.refuse("session_number: without a date its place in the course is not known", when.isna())
            ordered = pd.DataFrame({"course": result.text["course_id"], "when": when.loc[result.text.index]}).sort_values(["course", "when"], kind="stable")
            result.text["session_number"] = (ordered.groupby("course").cumcount() + 1).astype("str")
        without_repeats("sessions", result)
        self._with_days(part, result, when)
        if "week" in result.text:
            self.notes[UNDATED] = int((result.text["week"] == "").sum())
        text, kept = result.text, when.loc[result.text.index]
        keys = rows.loc[text.index, part.key] if part.key else pd.Series("", index=text.index)
        own = Appointments(text[["course_id", "session_number", "attendance"]].assign(key=keys, when=kept))
        self.appointments = own if self.earlier is None else own.after(self.earlier.appointments)
        as_of = self.mapping.as_of.removeprefix(f"{part.chosen.resource}.")
        if self.mapping.as_of_latest and as_of in rows:
            days = dates(rows.loc[text.index, as_of], dated.date_format if dated else "iso")
            self._latest = latest_week_end(days.dropna()) if days.notna().any() else None
        return self._closed("sessions", result)

    def _with_days(self, part: Part, result: Drawn, when: pd.Series) -> None:
        take = part.take("day")
        if take is None or take.form != "day":
            return
        text, when = result.text, when.loc[result.text.index]
        rows = pd.DataFrame({"course": text["course_id"], "number": text["session_number"], "attendance": text["attendance"], "when": when})
        file = ", ".join(self.sets[part.chosen.resource].files) if part.chosen.resource in self.sets else self.mapping.name
        self.starts = begun(file, rows, take.start, self.earlier)
        days = days_since(text["course_id"], when, self.starts)
        far = (days < take.column.minimum) | (days > take.column.maximum)
        result.text = text.assign(day=days.where(~far).astype("Int64").astype("str").replace("<NA>", "").fillna(""))
        if not take.undated_outside:
            result.refuse(f"day: {outside(take.column.minimum, take.column.maximum)}", far)
        elif far.any() and "week" in text:
            result.text = result.text.assign(week=text["week"].where(~far, ""))

    def _table(self, name: str, parts: list[Part]) -> pd.DataFrame:
        """One table from all of its parts."""
        whole = Drawn(pd.DataFrame({column: pd.Series([], dtype="str") for column in TABLES[name].required}), 0)
        texts = []
        for part in parts:
            one = drawn(part, self._rows(part), self.appointments)
            whole.rows_in += one.rows_in
            for reason, count in one.refused.items():
                whole.refused[reason] = whole.refused.get(reason, 0) + count
            self.notes |= one.notes
            texts.append(one.text)
        whole.text = pd.concat([text for text in texts if len(text)] or [whole.text], ignore_index=True).fillna("").astype("str")
        if name == "scores":
            refuse_wrong_scores(self.mapping, whole, parts, self.forms)
        return self._closed(name, without_repeats(name, whole))

    def _closed(self, name: str, result: Drawn) -> pd.DataFrame:
        sets = list(dict.fromkeys(part.chosen.resource for part in self.mapping.parts if part.table == name))
        file = ", ".join(file for resource in sets if resource in self.sets for file in self.sets[resource].files)
        self.accounts.append(TableReport(name, file, result.rows_in, result.refused))
        self.notes |= result.notes
        return typed(TABLES[name], result.text.reset_index(drop=True), file, self.forms)

    def _manifest(self) -> pd.DataFrame:
        mapping = self.mapping
        as_of = mapping.as_of
        if mapping.as_of_latest:
            if self._latest is None:
                raise refusal(mapping.name, [Fault("no kept session has a date, so that the day up to which the records are complete is not known")])
            as_of = iso(pd.Series([self._latest])).iloc[0]
        row = {"as_of": as_of, "clinic": mapping.clinic, "source": mapping.source, "origin": mapping.origin}
        return typed(TABLES["manifest"], pd.DataFrame([row], dtype="str"), mapping.path.name)

    def reports(self) -> tuple[tuple[TableReport, ...], tuple[FileReport, ...], tuple[Note, ...]]:
        """The account of every table, of every file, and what is worth knowing."""
        files = []
        for name, entry in self.sets.items():
            why = self.left[name].where((self.left[name] != "") | self.used[name], NOT_TAKEN)
            for place, file in enumerate(entry.files):
                here = entry.file == place
                left = {reason: int(count) for reason, count in why[here & (why != "")].value_counts().items()}
                files.append(FileReport(file, entry.what, int(here.sum()), left))
        order = {name: place for place, name in enumerate(TABLES)}
        return tuple(sorted(self.accounts, key=lambda entry: order[entry.table])), tuple(files), tuple(Note(*note) for note in self.notes.items())


def refuse_wrong_scores(mapping: Mapping, result: Drawn, parts: list[Part], forms: Sequence[Form] | None) -> None:
    """Refuse each score that lies outside its form's range; a form that is not in the registry is the mapping file's mistake."""
    for part in parts:
        instrument, form, rater = (part.take(name).always for name in ("instrument", "form", "rater"))
        if rater != instruments.form(instrument, form, forms).rater:
            raise SettingWrong(f"Mapping file {mapping.path.name}, [[scores]]: `{instrument}` `{form}` is not rated by `{rater}` in the registry.")
    text = result.text
    frame = text.assign(session_number=text["session_number"].astype("Int64"), value=text["value"].astype("float64"))
    for kind, mask in score_faults(frame, forms).items():
        result.refuse(f"value: {kind}", mask)
