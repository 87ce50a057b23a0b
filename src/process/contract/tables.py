"""The contract: every table and column a clinic may hand over; whatever is not listed here is refused by name.

It is an allow-list: no free text, no names, no dates of birth. Codes follow `CODE`. Patient and therapist codes are the clinic's own until intake
replaces them. Weeks are Mondays; days count from the course's first session; session 0 is the intake assessment.
"""

from __future__ import annotations

from dataclasses import dataclass

from process.errors import FileRefused, did_you_mean

VERSION = 1
CODE = r"^[A-Za-z0-9](?:[A-Za-z0-9 _./-]{0,38}[A-Za-z0-9_./-])?$"
MOST_PLANNED_SESSIONS = 500
"""Sessions that can be agreed at the start. Convention: ten years of weekly sessions; a year that slipped into the column lies beyond."""
MOST_WEIGHT, WEIGHT_DECIMALS = 100, 3
"""Weights are relative to one another (Kiresuk & Sherman 1968), so that any unit will do. Convention: up to a percentage, thirds to three places; no number
that stands for a person has room in that."""

RATERS = ("patient", "therapist", "both", "observer")
ENDINGS = ("still_going", "planned", "patient_stopped", "therapist_ended", "moved_on", "unknown")
ENDED = ("planned", "patient_stopped", "therapist_ended", "moved_on")
AGE_BANDS = ("0-11", "12-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+")
GOAL_LEVELS = {"gas": (-2, 2), "gbo": (0, 10)}


@dataclass(frozen=True)
class Column:
    """One column. `kind` is code, choice, whole, decimal, week (a Monday, YYYY-MM-DD), date (YYYY-MM-DD) or quarter (YYYY-Qn).

    `decimals`: how many a decimal number may have; None = 15.
    """

    name: str
    kind: str
    what: str
    required: bool = True
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None

    @property
    def duckdb_type(self) -> str:
        """The type this column has in a generation."""
        types = {"code": "VARCHAR", "choice": "VARCHAR", "quarter": "VARCHAR", "whole": "INTEGER", "decimal": "DOUBLE", "week": "DATE", "date": "DATE"}
        return types[self.kind]


@dataclass(frozen=True)
class Table:
    """One table: a row for each `row`, unique by `key`; `parents` maps its columns to the table whose key they must be found in."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    parents: tuple[tuple[tuple[str, ...], str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the contract's order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that a file must have; the others may be left out whole."""
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column:
        """The column of that name, or a `FileRefused` that names the nearest."""
        for column in self.columns:
            if column.name == name:
                return column
        raise FileRefused(f"Column `{name}` is not part of table `{self.name}`. {did_you_mean(name, self.names)}")


def _session_number(what: str = "the clinic's number of the appointment; 0 = intake assessment") -> Column:
    return Column("session_number", "whole", what, minimum=0, maximum=9999)


def _rater(*values: str) -> Column:
    return Column("rater", "choice", "who rated", values=values)


_COURSE = (("course_id",), "courses")
_SESSION = (("course_id", "session_number"), "sessions")
_GOAL = (("goal_id",), "goals")

_ALL = (
    Table(
        "manifest",
        "the whole delivery (one row)",
        (),
        (
            Column("as_of", "date", "the day up to which the records are complete"),
            Column("clinic", "code", "the clinic's display name"),
            Column("source", "code", "the system the records come from"),
            Column("origin", "choice", "whether people stand behind the records", values=("simulated", "real")),
        ),
    ),
    Table(
        "courses",
        "course of therapy: one patient with one therapist",
        ("course_id",),
        (
            Column("course_id", "code", "the course"),
            Column("patient_id", "code", "the patient"),
            Column("therapist_id", "code", "the therapist"),
            Column("team", "code", "team or site", required=False),
            Column("modality", "code", "form of therapy", required=False),
            Column("problem", "code", "main problem, coded", required=False),
            Column("age_band", "choice", "age band at start; single ages are refused", required=False, values=AGE_BANDS),
            Column("start_week", "week", "Monday of the first session's week; empty = unknown", required=False),
            Column("start_quarter", "quarter", "quarter of the first session, where the policy is quarters", required=False),
            Column("planned_sessions", "whole", "sessions agreed at the start", required=False, minimum=1, maximum=MOST_PLANNED_SESSIONS),
            Column("ending", "choice", "how the course ended", values=ENDINGS),
            Column("last_contact_week", "week", "Monday of the last contact's week", required=False),
            Column("match_decision", "choice", "what was decided after the first sessions", required=False, values=("continue", "change_therapist", "refer")),
        ),
    ),
    Table(
        "sessions",
        "appointment",
        ("course_id", "session_number"),
        (
            Column("course_id", "code", "the course"),
            _session_number(),
            Column("week", "week", "Monday of the session's week; empty = unknown", required=False),
            Column("day", "whole", "days since the course's first session; empty = unknown", required=False, minimum=-3660, maximum=36600),
            Column("attendance", "choice", "whether it took place", values=("attended", "cancelled", "missed")),
            Column(
                "rupture_reviewed",
                "choice",
                "who looked for a rupture; `no` = nobody did",
                required=False,
                values=("no", "patient", "therapist", "both", "observer"),
            ),
        ),
        (_COURSE,),
    ),
    Table(
        "scores",
        "score of one instrument by one rater in one session",
        ("course_id", "session_number", "instrument", "form", "rater"),
        (
            Column("course_id", "code", "the course"),
            _session_number(),
            Column("instrument", "code", "id in the registry of instruments"),
            Column("form", "code", "form or version in the registry"),
            _rater("patient", "therapist", "observer"),
            Column("value", "decimal", "the total score, inside the form's range"),
        ),
        (_SESSION,),
    ),
    Table(
        "goals",
        "agreed goal",
        ("goal_id",),
        (
            Column("goal_id", "code", "the goal"),
            Column("course_id", "code", "the course"),
            Column("scale", "choice", "goal attainment scaling or goal-based outcomes", values=tuple(GOAL_LEVELS)),
            Column("set_by", "choice", "who set it", values=("patient", "therapist", "both")),
            Column("area", "code", "area of life, coded; never the goal's wording"),
            Column("weight", "decimal", "importance, with at most 3 decimals", required=False, minimum=0, maximum=MOST_WEIGHT, decimals=WEIGHT_DECIMALS),
            Column("agreed_session", "whole", "session in which it was agreed", minimum=0, maximum=9999),
            Column("closed_session", "whole", "session in which it was closed; empty = open", required=False, minimum=0, maximum=9999),
            Column("fate", "choice", "what became of it", values=("open", "reached", "replaced", "dropped")),
            Column("replaced_by", "code", "the goal that took its place", required=False),
        ),
        (_COURSE, (("replaced_by",), "goals")),
    ),
    Table(
        "goal_reviews",
        "review of a goal in a session",
        ("goal_id", "session_number"),
        (
            Column("goal_id", "code", "the goal"),
            _session_number(),
            Column("by", "choice", "who reviewed it", values=("patient", "therapist", "both")),
            Column("outcome", "choice", "what was decided", values=("kept", "revised", "reached", "replaced", "dropped")),
        ),
        (_GOAL,),
    ),
    Table(
        "goal_ratings",
        "rating of a goal in a session",
        ("goal_id", "session_number", "rater"),
        (
            Column("goal_id", "code", "the goal"),
            _session_number(),
            _rater("patient", "therapist", "both"),
            Column("level", "whole", "-2 to 2 on gas, 0 to 10 on gbo", minimum=-2, maximum=10),
        ),
        (_GOAL,),
    ),
    Table(
        "ruptures",
        "recorded alliance rupture",
        ("rupture_id",),
        (
            Column("rupture_id", "code", "the rupture"),
            Column("course_id", "code", "the course"),
            _session_number("the session in which it showed"),
            Column("kind", "choice", "withdrawal, confrontation or both", values=("withdrawal", "confrontation", "mixed")),
            Column("moved_by", "choice", "whose move it was", values=("patient", "therapist", "both")),
            Column("noticed_by", "choice", "who noticed it", values=("patient", "therapist", "both", "observer")),
            Column("source", "choice", "how it was recorded", values=("questionnaire", "note", "supervision", "observer")),
            Column("intensity", "whole", "1 slight to 5 severe", required=False, minimum=1, maximum=5),
            Column("theme", "code", "theme, coded", required=False),
        ),
        (_SESSION,),
    ),
    Table(
        "rupture_steps",
        "step towards repair",
        ("rupture_id", "session_number", "step", "by"),
        (
            Column("rupture_id", "code", "the rupture"),
            _session_number(),
            Column("step", "choice", "what happened", values=("acknowledged", "negotiated", "repaired")),
            Column("by", "choice", "who took it", values=("patient", "therapist")),
        ),
        ((("rupture_id",), "ruptures"),),
    ),
)

TABLES: dict[str, Table] = {entry.name: entry for entry in _ALL}


def table(name: str) -> Table:
    """The contract's table of that name, or a `FileRefused` that names the nearest."""
    if name not in TABLES:
        raise FileRefused(f"Table `{name}` is not part of the contract. {did_you_mean(name, TABLES)}")
    return TABLES[name]
