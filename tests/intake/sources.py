"""One clinic's records written as each source would hold them: the same demo clinic as a workbook, a wide table, a REDCap export and FHIR resources.

The contract holds weeks and days; exports hold dates. A course's dates are made up from both so that they give the same weeks and days again.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

Row = dict[str, str]
Tables = dict[str, list[Row]]
INSTRUMENTS = {("wai_sr", "7_point"): "wai_sr", ("wai_srt", "7_point_12"): "wai_t", ("srs", "standard"): "srs", ("core_10", "standard"): "core10"}
QUESTIONNAIRES = {"wai_sr": "wai-sr-7", "wai_t": "wai-t-12", "srs": "srs", "core10": "core-10"}


def texts(records: dict[str, pd.DataFrame]) -> Tables:
    """Each table as rows of text, missing as ""; numbers without a needless point, dates ISO."""
    return {name: [{key: _text(value) for key, value in row.items()} for row in frame.to_dict("records")] for name, frame in records.items()}


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def dated(tables: Tables) -> dict[tuple[str, str], str]:
    """A date for every appointment (course, number) that has the week and the day the tables say."""
    starts = {row["course_id"]: pd.Timestamp(row["start_week"]) for row in tables["courses"]}
    of = defaultdict(list)
    for row in tables["sessions"]:
        of[row["course_id"]].append(row)
    found = {}
    for course, rows in of.items():
        for shift in range(7):
            days = [starts[course] + timedelta(shift + int(row["day"])) for row in rows]
            if all(day - timedelta(day.weekday()) == pd.Timestamp(row["week"]) for day, row in zip(days, rows, strict=True)):
                found |= {(course, row["session_number"]): day.date().isoformat() for row, day in zip(rows, days, strict=True)}
                break
        else:
            raise AssertionError("no dates give these weeks and days")
    return found


def within(week: str, days: int = 2) -> str:
    """A day of that week."""
    return (pd.Timestamp(week) + timedelta(days)).date().isoformat() if week else ""


def write_csv(path: Path, rows: list[Row], columns: list[str] | None = None) -> Path:
    """The rows as CSV, columns in the order in which they first stand."""
    names = columns or list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def workbook(records: dict[str, pd.DataFrame], path: Path) -> Path:
    """A sheet a table, numbers as numbers and dates as dates."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, frame in records.items():
        sheet = book.create_sheet(name)
        sheet.append(list(frame.columns))
        for row in frame.itertuples(index=False):
            sheet.append([_cell(value) for value in row])
    book.save(path)
    return path


def sheet(rows: list[Row], path: Path, name: str) -> Path:
    """One sheet of text beside another one."""
    book = openpyxl.Workbook()
    book.active.title = "read me"
    page = book.create_sheet(name)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    page.append(columns)
    for row in rows:
        page.append([row.get(key) or None for key in columns])
    book.save(path)
    return path


def _cell(value: Any) -> Any:
    if _text(value) == "":
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value.item() if hasattr(value, "item") else value


def _by(rows: Iterable[Row], *key: str) -> dict[Any, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in key) if len(key) > 1 else row[key[0]]].append(row)
    return found


def wide(tables: Tables) -> list[Row]:
    """One row a session, as `data/mappings/wide_sessions.toml` reads it."""
    when, courses = dated(tables), {row["course_id"]: row for row in tables["courses"]}
    goals, scores = _by(tables["goals"], "course_id"), _by(tables["scores"], "course_id", "session_number")
    ratings, reviews = _by(tables["goal_ratings"], "goal_id", "session_number"), _by(tables["goal_reviews"], "goal_id", "session_number")
    ruptures = _by(tables["ruptures"], "course_id", "session_number")
    home = {row["rupture_id"]: row["course_id"] for row in tables["ruptures"]}
    steps = defaultdict(list)
    for row in tables["rupture_steps"]:
        steps[home[row["rupture_id"]], row["session_number"]].append(row)
    words = {"attended": "came", "cancelled": "called off", "missed": "did not come"}
    found = []
    for session in tables["sessions"]:
        course, number = courses[session["course_id"]], session["session_number"]
        key = course["course_id"], number
        row = {
            "case_id": key[0], "client_id": course["patient_id"], "therapist": course["therapist_id"], "site": course["team"], "modality": course["modality"],
            "problem": course["problem"], "age_band": course["age_band"], "sessions_planned": course["planned_sessions"], "ending": course["ending"],
            "last_contact": within(course["last_contact_week"]), "match_decision": course["match_decision"], "session_no": number,
            "session_date": f"{when[key]} 09:30", "status": words[session["attendance"]], "rupture_reviewed": session["rupture_reviewed"],
        }  # fmt: skip
        totals = {INSTRUMENTS[score["instrument"], score["form"]]: score["value"] for score in scores.get(key, [])}
        row |= {name: totals.get(part, "") for name, part in (("wai_sr_total", "wai_sr"), ("wai_therapist_total", "wai_t"), ("srs_total", "srs"))}
        row |= {"core10_total": totals.get("core10", "")}
        for n in range(1, 9):
            goal = goals.get(key[0], [])[n - 1] if n <= len(goals.get(key[0], [])) else {}
            levels = {rating["rater"]: rating["level"] for rating in ratings.get((goal.get("goal_id"), number), [])}
            review = (reviews.get((goal.get("goal_id"), number)) or [{}])[0]
            names = {"code": "goal_id", "scale": "scale", "set_by": "set_by", "area": "area", "weight": "weight", "agreed": "agreed_session",
                     "closed": "closed_session", "fate": "fate", "replaced_by": "replaced_by"}  # fmt: skip
            row |= {f"goal{n}_{short}": goal.get(name, "") for short, name in names.items()}
            row |= {f"goal{n}_level_{rater}": levels.get(rater, "") for rater in ("patient", "therapist", "both")}
            row |= {f"goal{n}_reviewed_by": review.get("by", ""), f"goal{n}_review": review.get("outcome", "")}
        rupture = (ruptures.get(key) or [{}])[0]
        row |= {f"rupture_{name}": rupture.get(name, "") for name in ("kind", "moved_by", "noticed_by", "source", "intensity", "theme")}
        row["rupture_code"] = rupture.get("rupture_id", "")
        for n in range(1, 9):
            step = steps[key][n - 1] if n <= len(steps.get(key, [])) else {}
            row |= {f"repair{n}_rupture": step.get("rupture_id", ""), f"repair{n}_step": step.get("step", ""), f"repair{n}_by": step.get("by", "")}
        found.append(row | {"room": "R2"})
    assert max(len(rows) for rows in steps.values()) <= 8 and max(len(rows) for rows in goals.values()) <= 8
    return found


def redcap(tables: Tables) -> list[Row]:
    """A longitudinal project's raw export, as `data/mappings/redcap_therapy.toml` reads it."""
    when, found = dated(tables), []
    keys = ("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")
    counts: dict[tuple[str, str], int] = defaultdict(int)

    def coded(value: str, *names: str, first: int = 1) -> str:
        return str(names.index(value) + first) if value else ""

    def repetition(record: str, instrument: str) -> Row:
        counts[record, instrument] += 1
        return dict(zip(keys, (record, "therapy_arm_1", instrument, str(counts[record, instrument])), strict=True))

    ages = ("0-11", "12-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+")
    endings = {"still_going": "0", "planned": "1", "patient_stopped": "2", "therapist_ended": "3", "moved_on": "4", "unknown": "9"}
    scores = _by(tables["scores"], "course_id", "session_number")
    course_of = {row["goal_id"]: row["course_id"] for row in tables["goals"]}
    rupture_in = {row["rupture_id"]: row["course_id"] for row in tables["ruptures"]}
    for course in tables["courses"]:
        found.append(
            dict(zip(keys, (course["course_id"], "baseline_arm_1", "", ""), strict=True))
            | {"patient_code": course["patient_id"], "therapist_code": course["therapist_id"], "team": course["team"], "modality": course["modality"],
               "problem": course["problem"], "age_band": coded(course["age_band"], *ages), "start_date": within(course["start_week"], 4),
               "planned_sessions": course["planned_sessions"], "ending": endings[course["ending"]], "last_contact": within(course["last_contact_week"]),
               "match_decision": coded(course["match_decision"], "continue", "change_therapist", "refer"), "baseline_complete": "2", "test_record": ""}
        )  # fmt: skip
    for row in tables["sessions"]:
        totals = {INSTRUMENTS[score["instrument"], score["form"]]: score["value"] for score in scores.get((row["course_id"], row["session_number"]), [])}
        reviewed = coded(row["rupture_reviewed"], "no", "patient", "therapist", "both", "observer", first=0)
        found.append(
            repetition(row["course_id"], "session")
            | {"ses_number": row["session_number"], "ses_date": when[row["course_id"], row["session_number"]] + " 10:15",
               "ses_attendance": coded(row["attendance"], "attended", "cancelled", "missed"), "ses_reviewed": reviewed, "session_complete": "2"}
            | {f"{part}_total": totals.get(part, "") for part in ("wai_sr", "wai_t", "srs", "core10")}
        )  # fmt: skip
    for row in tables["goals"]:
        names = ("scale", "set_by", "area", "weight", "fate", "replaced_by")
        own = {f"goal_{name}": row[name] for name in names} | {"goal_code": row["goal_id"]}
        found.append(repetition(row["course_id"], "goal") | own | {"goal_agreed": row["agreed_session"], "goal_closed": row["closed_session"]})
    for row in tables["goal_reviews"]:
        own = {"rev_goal": row["goal_id"], "rev_session": row["session_number"], "rev_by": row["by"], "rev_outcome": row["outcome"]}
        found.append(repetition(course_of[row["goal_id"]], "goal_review") | own)
    for row in tables["goal_ratings"]:
        own = {"rate_goal": row["goal_id"], "rate_session": row["session_number"], "rate_by": row["rater"], "rate_level": row["level"]}
        found.append(repetition(course_of[row["goal_id"]], "goal_rating") | own)
    for row in tables["ruptures"]:
        names = ("kind", "moved_by", "noticed_by", "source", "intensity", "theme")
        own = {f"rup_{name}": row[name] for name in names} | {"rup_code": row["rupture_id"], "rup_session": row["session_number"]}
        found.append(repetition(row["course_id"], "rupture") | own)
    for row in tables["rupture_steps"]:
        own = {"step_rupture": row["rupture_id"], "step_session": row["session_number"], "step_what": row["step"], "step_by": row["by"]}
        found.append(repetition(rupture_in[row["rupture_id"]], "repair_step") | own)
    fields = list(dict.fromkeys(name for row in found for name in row if name not in keys))
    ends = {"test_record": "baseline_complete", "core10_total": "session_complete", "goal_closed": "goal_complete", "rev_outcome": "goal_review_complete",
            "rate_level": "goal_rating_complete", "rup_session": "rupture_complete", "step_by": "repair_step_complete"}  # fmt: skip
    order = [*keys, *(column for name in fields if name not in ends.values() for column in (name, ends.get(name)) if column)]
    return [{name: row.get(name, "") for name in order} for row in found]


def fhir(tables: Tables) -> dict[str, list[dict]]:
    """Resources by type, as `data/mappings/fhir_r4.toml` reads them, with the names and notes that real ones hold."""
    when, own = dated(tables), "urn:therapy-process:"
    narrative = {"status": "generated", "div": "<div>Anna Example, seen for sleep</div>"}
    appointment = {(row["course_id"], row["session_number"]): f"enc-{row['course_id']}-{row['session_number']}" for row in tables["sessions"]}
    course_of = {row["goal_id"]: row["course_id"] for row in tables["goals"]} | {row["rupture_id"]: row["course_id"] for row in tables["ruptures"]}

    def more(**values: tuple[str, Any]) -> list[dict]:
        return [{"url": f"{own}{name.replace('_', '-')}", kind: value} for name, (kind, value) in values.items() if value != ""]

    def concept(code: str, system: str = "") -> dict:
        return {"coding": [{"system": system, "code": code}], "text": "free text"}

    def resource(kind: str, name: str | None = None, **elements: Any) -> dict:
        return {"resourceType": kind, **({"id": name} if name else {}), "text": narrative, **{key: value for key, value in elements.items() if value}}

    def observed(name: str, code: str, course: str, session: str, **elements: Any) -> dict:
        encounter = {"reference": f"Encounter/{appointment[course, session]}", "display": "Tuesday"}
        return resource("Observation", name, status="final", code=concept(code), encounter=encounter, note=[{"text": "cried"}]) | elements

    def parts(row: Row, **names: str) -> list[dict]:
        found = []
        for code, column in names.items():
            value = {"valueInteger": int(row[column])} if column == "intensity" and row[column] else {"valueCodeableConcept": concept(row[column])}
            found += [{"code": concept(code.replace("_", "-")), **value}] if row[column] else []
        return found

    found: dict[str, list[dict]] = defaultdict(list)
    for row in tables["courses"]:
        types = [{"system": f"{own}{name}", "code": row[name]} for name in ("modality", "problem") if row[name]]
        period = {"start": within(row["start_week"], 3)} | ({"end": within(row["last_contact_week"])} if row["last_contact_week"] else {})
        found["EpisodeOfCare"].append(
            resource(
                "EpisodeOfCare", row["course_id"], status="active" if row["ending"] == "still_going" else "finished",
                patient={"reference": f"Patient/{row['patient_id']}", "display": "Anna Example"},
                careManager={"reference": f"https://fhir.example.org/r4/Practitioner/{row['therapist_id']}"},
                managingOrganization={"reference": f"Organization/{row['team']}"} if row["team"] else None, type=[{"coding": types}], period=period,
                extension=more(age_band=("valueCode", row["age_band"]), match_decision=("valueCode", row["match_decision"]),
                               planned_sessions=("valueInteger", int(row["planned_sessions"]) if row["planned_sessions"] else ""),
                               ending=("valueCode", "" if row["ending"] == "still_going" else row["ending"])),
            )
        )  # fmt: skip
    for row in tables["sessions"]:
        course, number = row["course_id"], row["session_number"]
        found["Encounter"].append(
            resource(
                "Encounter", appointment[course, number], status="finished" if row["attendance"] == "attended" else "cancelled",
                episodeOfCare=[{"reference": f"EpisodeOfCare/{course}"}], identifier=[{"system": f"{own}session-number", "value": number}],
                period={"start": f"{when[course, number]}T10:15:00+01:00"},
                extension=more(no_show=("valueBoolean", row["attendance"] == "missed"), rupture_reviewed=("valueCode", row["rupture_reviewed"])),
            )
        )  # fmt: skip
    for row in tables["scores"]:
        name = QUESTIONNAIRES[INSTRUMENTS[row["instrument"], row["form"]]]
        value = float(row["value"])
        found["QuestionnaireResponse"].append(
            resource(
                "QuestionnaireResponse", status="completed", questionnaire=f"{own}questionnaire:{name}",
                encounter={"reference": f"Encounter/{appointment[row['course_id'], row['session_number']]}"},
                item=[{"linkId": "1", "text": "an item", "answer": [{"valueInteger": 3}]},
                      {"linkId": "total", "answer": [{"valueInteger": int(value)} if value.is_integer() else {"valueDecimal": value}]}],
            )
        )  # fmt: skip
    for row in tables["goals"]:
        course, extension = row["course_id"], "http://hl7.org/fhir/StructureDefinition/goal-relationship"
        status = {"open": "active", "reached": "completed", "replaced": "cancelled", "dropped": "cancelled"}[row["fate"]]
        replaced = [{"url": extension, "extension": [{"url": "type", "valueCodeableConcept": concept("replacement")},
                     {"url": "target", "valueReference": {"reference": f"Goal/{row['replaced_by']}"}}]}] if row["replaced_by"] else []  # fmt: skip
        own_parts = more(course=("valueReference", {"reference": f"EpisodeOfCare/{course}"}), set_by=("valueCode", row["set_by"]),
                         goal_weight=("valueDecimal", float(row["weight"]) if row["weight"] else ""))  # fmt: skip
        found["Goal"].append(
            resource(
                "Goal", row["goal_id"], lifecycleStatus=status, description={"text": "through the night"}, category=[concept(row["area"], f"{own}goal-area")],
                startDate=when[course, row["agreed_session"]], statusDate=when[course, row["closed_session"] or row["agreed_session"]],
                target=[{"measure": concept(row["scale"], f"{own}goal-scale")}], extension=own_parts + replaced,
            )
        )  # fmt: skip
    codes = {"patient": "107334-5", "therapist": "107333-7", "both": "goal-level-both"}
    for place, row in enumerate(tables["goal_ratings"]):
        focus = [{"reference": f"Goal/{row['goal_id']}"}]
        course = course_of[row["goal_id"]]
        found["Observation"].append(observed(f"lv{place}", codes[row["rater"]], course, row["session_number"], focus=focus, valueInteger=int(row["level"])))
    for place, row in enumerate(tables["goal_reviews"]):
        course, focus = course_of[row["goal_id"]], [{"reference": f"Goal/{row['goal_id']}"}]
        values = {"focus": focus, "valueCodeableConcept": concept(row["outcome"]), "component": parts(row, by="by")}
        found["Observation"].append(observed(f"rv{place}", "goal-review", course, row["session_number"], **values))
    for row in tables["ruptures"]:
        said = parts(row, moved_by="moved_by", noticed_by="noticed_by", source="source", intensity="intensity", theme="theme")
        values = {"valueCodeableConcept": concept(row["kind"]), "component": said}
        found["Observation"].append(observed(row["rupture_id"], "rupture", row["course_id"], row["session_number"], **values))
    for place, row in enumerate(tables["rupture_steps"]):
        values = {"focus": [{"reference": f"Observation/{row['rupture_id']}"}], "valueCodeableConcept": concept(row["step"]), "component": parts(row, by="by")}
        found["Observation"].append(observed(f"st{place}", "rupture-step", course_of[row["rupture_id"]], row["session_number"], **values))
    return dict(found)


def write_ndjson(resources: dict[str, list[dict]], folder: Path) -> Path:
    """<Type>.ndjson for each type, one resource a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, entries in resources.items():
        (folder / f"{kind}.ndjson").write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return folder
