"""The rows of an export on their way into the contract: refused one reason after the other, then gathered into courses with their first sessions and days.

The mapping says which kinds of bad rows there are and in which order; what it leaves unsaid is refused after them.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from process.intake.cells import outside
from process.intake.codes.remembered import Starts
from process.intake.faults import Fault, refusal
from process.intake.mappings.language import BadRow, Mapping, Take
from process.intake.report import ColumnUse, Note, Report, TableReport
from process.intake.sources.counting import counted_by
from process.intake.sources.days import Earlier, begun, days_since, first_days, first_rows, latest_week_end
from process.intake.sources.translate import dates, iso, refuse_ambiguous, translated

CONFLICTING = "repeated key: the rows contradict each other, all are refused"
IDENTICAL = "repeated key: identical copy of a row that is kept"
ROWS_REPEATED = "rows that repeat the key of an earlier row"
COURSES_NAMED = "courses named in the file"
COURSES_KEPT = "courses kept"
UNDATED_IN_FILE = "rows without a date, in the whole file"
UNDATED_KEPT = "sessions kept without a date: they have no week"
START_UNKNOWN = "courses kept whose start is unknown: their first session has no date"
BEFORE_FIRST = "sessions kept that are dated before their course's first session"
TOO_FAR = "dates left out: too far from their course's first session"
NOT_ATTENDED_IN_FILE = "appointments not attended, in the whole file"
NOT_ATTENDED_KEPT = "appointments kept that were not attended"


class Export:
    """The rows of one export on their way: what is left of them, and what was refused."""

    def __init__(self, path: Path, mapping: Mapping, rows: pd.DataFrame):
        self.path, self.mapping, self.all = path, mapping, rows
        self.refused: dict[str, int] = {}
        self.notes: dict[str, int] = {}
        self.text: dict[tuple[str, str], pd.Series] = {}
        self.bad: list[tuple[str, pd.Series]] = []
        for take in sorted(mapping.takes, key=lambda take: len(take.source)):  # a joined code is wrong where its part is: name the part
            self._translate(take)
        self._key = [self.text["courses", "course_id"], self.text["sessions", "session_number"]]
        self.kept = rows.index
        self.starts: Starts | None = None
        self._count_whole_file()

    def _translate(self, take: Take) -> None:
        name = take.column.name
        text, bad = translated(take, self.all)
        for kind, mask in bad.items():
            wrong = pd.Series(mask, index=self.all.index)
            if take.empty_if_bad:
                text = text.where(~wrong, "")
                self.notes[f"{name}: {kind}; left empty"] = int(wrong.sum())
            else:
                self.bad.append((f"{name}: {kind}", wrong))
        self.text[take.table, name] = text
        refuse_ambiguous(take, self.all, text)

    def _count_whole_file(self) -> None:
        week = self.mapping.take("sessions", "week")
        if week is not None:
            self.notes[UNDATED_IN_FILE] = int((self.text["sessions", "week"] == "").sum())
        self.notes[NOT_ATTENDED_IN_FILE] = int((~self.text["sessions", "attendance"].isin(("attended", ""))).sum())

    def _refuse(self, reason: str, wrong: pd.Series) -> None:
        wrong = wrong.reindex(self.kept)
        if wrong.any():
            self.refused[reason] = self.refused.get(reason, 0) + int(wrong.sum())
            self.kept = self.kept[~wrong.to_numpy()]

    def refuse_bad_rows(self) -> None:
        """Apply the mapping's kinds of bad rows in their order; what it leaves unsaid is refused after them."""
        for row in self.mapping.bad_rows:
            self._apply(row)
        for kind in ("duplicate_key", "not_allowed"):
            if kind not in {row.kind for row in self.mapping.bad_rows}:
                self._apply(BadRow(kind))
        if not len(self.kept):
            why = [Fault(f"no row is left: {count:,} refused, {reason}") for reason, count in self.refused.items()]
            raise refusal(self.path.name, why or [Fault("no row is left: none follows the header")])

    def _apply(self, row: BadRow) -> None:
        if row.kind == "missing":
            self._refuse(row.reason, self.all[row.column] == "")
        elif row.kind == "duplicate_key":
            self._refuse_repeated()
        else:
            for reason, wrong in self.bad:
                self._refuse(reason, wrong)

    def _refuse_repeated(self) -> None:
        key = pd.concat(self._key, axis=1, keys=["course", "session"]).loc[self.kept]
        rows = pd.concat([key, self.all.loc[self.kept]], axis=1)
        self.notes[ROWS_REPEATED] = int(key.duplicated().sum())
        self.notes[COURSES_NAMED] = int(key["course"].nunique())
        distinct = rows.drop_duplicates()
        contested = distinct.loc[distinct.duplicated(["course", "session"], keep=False), ["course", "session"]].drop_duplicates()
        contradicted = key.merge(contested.assign(wrong=True), on=["course", "session"], how="left")["wrong"].notna().set_axis(key.index)
        copies = rows.duplicated() & ~contradicted
        self._refuse(CONFLICTING, contradicted)
        self._refuse(IDENTICAL, copies)

    def begin(self, earlier: Earlier | None) -> None:
        """Find when the courses of the kept rows began; `earlier`: what is known of the parts of this export that were loaded before."""
        take = counted_by(self.mapping)
        if take is not None:
            when = dates(self.all.loc[self.kept, take.source[0]], take.date_format)
            own = {"course": self._key[0].loc[self.kept], "number": self._key[1].loc[self.kept], "when": when}
            rows = pd.DataFrame(own | {"attendance": self.text["sessions", "attendance"].loc[self.kept]})
            self.starts = begun(self.path.name, rows, take.start, earlier)

    def _values(self, table: str) -> pd.DataFrame:
        """The contract's text of one table for every kept row, ordered by course and session."""
        columns = {name: self.text[part, name].loc[self.kept] for part, name in self.text if part == table}
        frame = pd.DataFrame(columns)
        order = pd.DataFrame({"course": self._key[0].loc[self.kept], "number": self._key[1].loc[self.kept].astype("int64")}).sort_values(["course", "number"])
        return frame.loc[order.index]

    def courses(self) -> pd.DataFrame:
        """One row a course: its attributes as its first kept session has them."""
        rows = self._values("courses")
        for name in [name for name in rows if name not in ("course_id", "start_week", "start_quarter")]:
            differing = int((rows.groupby("course_id")[name].nunique() > 1).sum())
            if differing:
                self.notes[f"courses whose rows differ in {name}: the first session's is taken"] = differing
        first = rows.drop_duplicates("course_id")
        week = self.mapping.take("courses", "start_week")
        counted = counted_by(self.mapping)
        if week is not None and counted is not None and (week.source, week.start) == (counted.source, counted.start):
            began = first_days(first["course_id"], self.starts)
            first = first.assign(start_week=iso(began - pd.to_timedelta(began.dt.day_of_week, unit="D")))
        elif week is not None and week.start != "first":
            number, held = self.text["sessions", "session_number"].loc[rows.index], self.text["sessions", "attendance"].loc[rows.index]
            begun = rows.loc[first_rows(rows["course_id"], number, held, week.start)].set_index("course_id")["start_week"]
            first = first.assign(start_week=first["course_id"].map(begun).fillna("").astype("str"))
        self.notes[COURSES_KEPT] = len(first)
        if "start_week" in first:
            self.notes[START_UNKNOWN] = int((first["start_week"] == "").sum())
        return first

    def sessions(self) -> pd.DataFrame:
        """One row an appointment, its day counted from the course's first kept session."""
        rows = self._values("sessions")
        rows["course_id"] = self._key[0].loc[rows.index]
        take = self.mapping.take("sessions", "day")
        if take is not None:
            rows = self._with_days(rows, take)
        if "week" in rows:
            self.notes[UNDATED_KEPT] = int((rows["week"] == "").sum())
        self.notes[NOT_ATTENDED_KEPT] = int((rows["attendance"] != "attended").sum())
        return rows

    def _with_days(self, rows: pd.DataFrame, take: Take) -> pd.DataFrame:
        when = dates(self.all.loc[rows.index, take.source[0]], take.date_format)
        days = days_since(rows["course_id"], when, self.starts)
        far = (days < take.column.minimum) | (days > take.column.maximum)
        rows["day"] = days.where(~far).astype("Int64").astype("str").replace("<NA>", "").fillna("")
        if far.any() and take.undated_outside:
            self.notes[TOO_FAR] = int(far.sum())
            if "week" in rows:
                rows["week"] = rows["week"].where(~far, "")
        elif far.any():
            self._refuse(f"day: {outside(take.column.minimum, take.column.maximum)}", far)
            rows = rows.loc[~far]
        self.notes[BEFORE_FIRST] = int(((days < 0) & ~far).sum())
        return rows

    def kept_key(self) -> tuple[pd.Series, pd.Series]:
        """Course and session number of every kept row, in the order of the file."""
        return self._key[0].loc[self.kept], self._key[1].loc[self.kept].astype("int64").astype("Int64")

    def manifest(self) -> pd.DataFrame:
        """The one row that says what the delivery is; where the mapping says so, `as_of` is the Sunday after the latest kept date."""
        mapping = self.mapping
        as_of = mapping.as_of
        if mapping.as_of_latest:
            formats = [take.date_format for take in mapping.takes if mapping.as_of in take.source and take.form]
            when = dates(self.all.loc[self.kept, mapping.as_of], formats[0] if formats else "%Y-%m-%d")
            if when.isna().all():
                raise refusal(self.path.name, [Fault("no kept row has a date, so that the day up to which the records are complete is not known")])
            as_of = iso(pd.Series([latest_week_end(when.dropna())])).iloc[0]
        row = {"as_of": as_of, "clinic": mapping.clinic, "source": mapping.source, "origin": mapping.origin}
        return pd.DataFrame([row], dtype="str")

    def report(self) -> Report:
        """The account of every row and column of the export."""
        rows = TableReport("sessions", self.path.name, len(self.all), self.refused)
        uses = [ColumnUse(name, self.mapping.becomes(name), self.mapping.ignored.get(name, "")) for name in self.all.columns]
        return Report((rows,), self.mapping.name, tuple(uses), tuple(Note(what, count) for what, count in self.notes.items()))
