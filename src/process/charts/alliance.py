"""The alliance drawn: by session in both voices, around a rupture, and the two contrasts."""

from __future__ import annotations

from process.access import Answer
from process.charts import look
from process.charts.chart import Chart
from process.charts.curves import Line, Plan, Reading, offsets_axis, sessions_axis
from process.charts.layers import Frame
from process.charts.words import headline, interval, number, plain, tip_interval

VOICES = Plan(
    (Line("patient", "patients", look.BLUE), Line("therapist", "therapists", look.PURPLE, "dashed")),
    counted="courses still in therapy",
    floor=0.0,
    ceiling=100.0,
    step=5.0,
    shared_count=True,
)


def _voice_tip(row: dict) -> str:
    return f"session {row['session']:.0f}, {row['rater']}: {row['mean']:.1f}{tip_interval(row)} · {number(row['courses'], 'course')} rated"


_VOICE = Reading("session", "mean", "still_in", "rater", _voice_tip)


def _voices_frame(answer: Answer) -> Frame:
    drawn = answer.table[answer.table["mean"].notna()]
    return VOICES.frame({line.key: _VOICE.points(drawn, line.key) for line in VOICES.lines}, sessions_axis(drawn))


def _voices_says(answer: Answer) -> str:
    early, now, gap = (headline(answer, name) for name in ("patient_early", "patient_typical", "gap_typical"))
    if now is None:
        return "The alliance is drawn where enough courses are left."
    first = f" (session {early['session']:.0f}: {early['estimate']:.0f})" if early and early["session"] < now["session"] else ""
    parted = ""
    if gap is not None:
        side = "lower" if gap["estimate"] > 0 else "higher"
        parted = f" Therapists rate the same sessions {abs(gap['estimate']):.1f} points {side} ({interval(gap)})."
    return (
        f"In session {now['session']:.0f} patients rate the alliance <b>{now['estimate']:.0f} of 100 points</b>{first}; "
        f"{interval(now)}, {number(now['courses'], 'course')}.{parted}"
    )


def _offset_tip(names: dict[str, str], column: str, count: str) -> object:
    def tip(row: dict) -> str:
        change = f"{plain(row['mean'], sign=True)}{tip_interval(row)}"
        n = f"{int(row[count]):,} {count} · {number(row['courses'], 'course')}"
        return f"{names[row[column]]}, session {plain(row['offset'], 0, sign=True)}: {change} · {n}"

    return tip


AFTER = Plan(
    (Line("repaired", "repaired, by both", look.GREEN), Line("not_repaired", "not repaired", look.VERMILLION, "dashed")),
    counted="ruptures with a score",
    zero="own level",
    onset=True,
    step=5.0,
)
_AFTER = Reading("offset", "mean", "ruptures", "group", _offset_tip({"repaired": "repaired", "not_repaired": "not repaired"}, "group", "ruptures"))


def _after_frame(answer: Answer) -> Frame:
    drawn = answer.table[answer.table["mean"].notna()]
    return AFTER.frame({line.key: _AFTER.points(drawn, line.key) for line in AFTER.lines}, offsets_axis(-3, 6))


def _after_says(answer: Answer) -> str:
    share = headline(answer, "repaired_share")
    ruptures = answer.notes.get("ruptures", 0)
    reviewed = answer.notes.get("share_reviewed")
    looked = f" A rupture was looked for in {float(reviewed):.0f} % of attended sessions." if reviewed is not None else ""
    if share is None:
        return f"{number(ruptures, 'rupture')} on record in these courses; too few to say how many were repaired.{looked}"
    return (
        f"Of {number(ruptures, 'recorded rupture')}, <b>{share['estimate']:.0f} % are repaired</b>: named by both and repaired "
        f"({interval(share, ' %', 0)}). The curves describe them; who is repaired is known only afterwards, so they are no comparison.{looked}"
    )


LIKE = Plan(
    (Line("rupture", "after a rupture", look.VERMILLION), Line("like", "like sessions, no rupture", look.INK, "dotted")),
    counted="sessions with a score",
    zero="own level",
    onset=True,
    span=(0.55, 3.45, "compared here"),
    step=5.0,
)
_LIKE = Reading("offset", "mean", "sessions", "arm", _offset_tip({"rupture": "after a rupture", "like": "like sessions"}, "arm", "sessions"))


def _like_frame(answer: Answer) -> Frame:
    drawn = answer.table[answer.table["mean"].notna()]
    return LIKE.frame({line.key: _LIKE.points(drawn, line.key) for line in LIKE.lines}, offsets_axis(-3, 3))


def _like_says(answer: Answer) -> str:
    row = headline(answer, "difference")
    if row is None:
        return "Too few ruptures with like sessions beside them to compare."
    n = f"{number(row['matched'], 'rupture')} against {number(row['like_sessions'], 'like session')}, {number(row['therapists'], 'therapist')}"
    if row["lower"] <= 0 <= row["upper"]:
        lead = "Over the next three sessions the alliance after a rupture is <b>not clearly different</b> from sessions that fell as far without one"
    else:
        side = "lower" if row["estimate"] < 0 else "higher"
        by = f"<b>{abs(row['estimate']):.1f} points {side}</b>"
        lead = f"Over the next three sessions the alliance after a rupture is {by} than after sessions that fell as far without one"
    return f"{lead} (difference {plain(row['estimate'], sign=True)}; {interval(row)}; {n})."


REPAIR = Plan(
    (Line("repaired", "repaired by +3", look.GREEN), Line("not_yet", "not yet repaired by +3", look.VERMILLION, "dashed")),
    counted="ruptures with a score",
    zero="own level",
    onset=True,
    span=(3.55, 6.45, "compared here"),
    step=5.0,
)
_REPAIR = Reading("offset", "mean", "sessions", "arm", _offset_tip({"repaired": "repaired by +3", "not_yet": "not yet repaired"}, "arm", "sessions"))


def _repair_frame(answer: Answer) -> Frame:
    drawn = answer.table[answer.table["mean"].notna()]
    return REPAIR.frame({line.key: _REPAIR.points(drawn, line.key) for line in REPAIR.lines}, offsets_axis(-3, 6))


def _repair_says(answer: Answer) -> str:
    row = headline(answer, "difference")
    if row is None:
        return "Too few ruptures on either side to compare repaired with not yet repaired."
    n = f"{number(row['repaired'], 'rupture')} repaired and {int(row['not_yet']):,} not yet, {number(row['therapists'], 'therapist')}"
    if row["lower"] <= 0 <= row["upper"]:
        lead = "Where both had repaired it within three sessions, the next three are <b>not clearly different</b> from where it was still open"
    else:
        side = "higher" if row["estimate"] > 0 else "lower"
        by = f"<b>{abs(row['estimate']):.1f} points {side}</b>"
        lead = f"Where both had repaired it within three sessions, the next three are rated {by} than where it was still open"
    return f"{lead}, at the same fall and stage of therapy (difference {plain(row['estimate'], sign=True)}; {interval(row)}; {n})."


_AROUND = "attended sessions before and after the rupture"
_CHANGE = "points from own level"

CHARTS = {
    "alliance_by_session": Chart(
        VOICES.layers(),
        _voices_frame,
        _voices_says,
        xlabel="attended session",
        ylabel="alliance, 0–100",
        wide=True,
        describes="Two curves: mean alliance by attended session, patients and therapists, with 95 % bands",
    ),
    "alliance_after_rupture": Chart(
        AFTER.layers(),
        _after_frame,
        _after_says,
        height=360,
        xlabel=_AROUND,
        ylabel=_CHANGE,
        wide=True,
        describes="Two curves around a rupture: change from own level, repaired and not repaired",
    ),
    "rupture_against_like_sessions": Chart(
        LIKE.layers(),
        _like_frame,
        _like_says,
        height=340,
        xlabel=_AROUND,
        ylabel=_CHANGE,
        describes="Two curves: after a rupture, and like sessions without one",
    ),
    "repaired_against_not_yet": Chart(
        REPAIR.layers(),
        _repair_frame,
        _repair_says,
        height=340,
        xlabel=_AROUND,
        ylabel=_CHANGE,
        describes="Two curves: ruptures repaired by the third session after, and not yet repaired",
    ),
}
