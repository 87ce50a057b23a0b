"""What the codes of rupture measures are called where people read them, and the heads of their tables."""

from __future__ import annotations

MOVERS = {"patient": "patient", "therapist": "therapist", "both": "both"}
KINDS = {"withdrawal": "withdrawal", "confrontation": "confrontation", "mixed": "mixed"}
WHOSE = {"patient": "the patient's move", "therapist": "the therapist's move", "both": "the move of both"}
MOVES = {f"{kind}_{mover}": f"{kinds}, {movers}" for kind, kinds in KINDS.items() for mover, movers in MOVERS.items()}
NOTICERS = {"patient": "the patient", "therapist": "the therapist", "both": "both", "observer": "an observer"}
INTENSITIES = {"1": "1 slight", "2": "2", "3": "3", "4": "4", "5": "5 severe", "not_recorded": "not recorded"}
LOOKED = {
    "rupture_found": "rupture on record",
    "none_found": "looked, none recorded",
    "nobody_looked": "nobody looked",
    "not_recorded": "not known who looked",
}
RECURRENCE = {"one": "one rupture", "two": "two, no theme twice", "three_or_more": "three or more", "same_theme": "the same theme twice"}
STEPS = {
    "noticed": "noticed",
    "acknowledged_by_patient": "acknowledged by patient",
    "acknowledged_by_therapist": "acknowledged by therapist",
    "acknowledged_by_both": "acknowledged by both",
    "negotiated": "negotiated",
    "repaired_step": "repair step on record",
    "repaired": "repaired, by both",
    "left_open": "left open, course ended",
    "still_open": "still open, course not ended",
}
REPAIRS = {"repaired": "repaired", "not_repaired": "not repaired"}
SCORES = {"recovered": "came back", "not_recovered": "did not", "never_fell": "never fell", "not_scored": "no score"}
REPAIR_AND_SCORE = {f"{repair}_{score}": f"{repairs}, score {scores}" for repair, repairs in REPAIRS.items() for score, scores in SCORES.items()} | {
    f"{repair}_not_scored": f"{repairs}, score missing" for repair, repairs in REPAIRS.items()
}
FATES = {"repaired": "repaired", "ended": "course ended first"}
BANDS = {band: f"{band.replace('-', '–')} sessions" for band in ("1-3", "4-8", "9-16", "17-30", "31+")}
RULES = {
    "drop_1sd": "fall of 1 SD",
    "drop_2sd": "fall of 2 SD",
    "reliable_drop": "reliable fall",
    "xmr": "under control limit",
    "srs_cutoff": "SRS cut-off",
}
SHAPES = {"single": "one session", "spanning": "several", "recurring": "recurring"}
ENDS = {"returned": "back", "open": "not back"}
EPISODES = {f"{shape}_{end}": f"{shapes}, {ends}" for shape, shapes in SHAPES.items() for end, ends in ENDS.items()}

_SHARES = {
    "ruptures_total": "ruptures in all",
    "sessions_total": "sessions in all",
    "possible_total": "possible ruptures in all",
    "possible": "possible ruptures",
}
TITLES_OF: dict[str, dict[str, str]] = {
    "rupture_review": _SHARES | {"looked": "sessions"},
    "rupture_kinds": _SHARES | {"move": "kind, and whose move"},
    "rupture_noticed_by": _SHARES | {"noticed_by": "noticed by"},
    "rupture_intensity": _SHARES | {"intensity": "intensity"},
    "recurring_ruptures": _SHARES | {"recurrence": "recorded ruptures in the course", "courses_total": "courses with a rupture"},
    "repair_steps": {"step": "step", "recorded": "recorded ruptures"},
    "repair_and_recovery": _SHARES | {"repair_and_score": "repair and score"},
    "time_to_repair": {"since": "sessions since the rupture", "fate": "what came", "at_risk": "ruptures still waiting", "recorded": "ruptures followed"},
    "alliance_after_rupture_by_kind": {"kind": "kind"},
    "alliance_after_rupture_by_whom": {"moved_by": "whose move"},
    "alliance_after_rupture_by_length": {"length_band": "length of therapy"},
    "dips_by_rule": {"rule": "rule", "with_dip": "courses with a possible rupture", "courses": "courses long enough to tell"},
    "dip_rate": _SHARES | {"rule": "rule", "mean": "for 100 sessions", "sessions": "scored sessions"},
    "dip_agreement": {
        "rule": "open by",
        "other": "also open by",
        "in_both": "sessions open by both",
        "in_rule": "open by the first",
        "sessions": "both can tell",
    },
    "dips_and_recorded": {"rule": "rule", "looked": "sessions with", "in_a_dip": "in a possible rupture"},
    "rupture_episodes": _SHARES | {"episode": "episode"},
    "episode_depth": _SHARES | {"depth": "points"},
    "episode_duration": _SHARES | {"duration": "sessions"},
}
CELLS_OF: dict[str, dict[str, str]] = {
    "rupture_review": LOOKED,
    "rupture_kinds": MOVES,
    "rupture_noticed_by": NOTICERS,
    "rupture_intensity": INTENSITIES,
    "recurring_ruptures": RECURRENCE,
    "repair_steps": STEPS,
    "repair_and_recovery": REPAIR_AND_SCORE,
    "time_to_repair": FATES,
    "alliance_after_rupture_by_length": BANDS,
    "dips_by_rule": RULES,
    "dip_rate": RULES,
    "dip_agreement": RULES,
    "dips_and_recorded": RULES | LOOKED | {"none_found": "somebody looked, none recorded"},
    "rupture_episodes": EPISODES,
}
