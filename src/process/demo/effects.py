"""What ruptures and repairs do from then on, in points: to the patient's alliance and to the outcome score.

Made-up shapes, but for one thing: repair does better than no rupture in longer courses only (Larsson et al. 2018), because its benefit to the outcome
begins after a dozen sessions of therapy.
"""

from __future__ import annotations

import numpy as np

from process.demo.repair import Repair
from process.demo.ruptures import Ruptures
from process.demo.sessions import Sessions
from process.demo.settings import Settings

COST_GROWS, COST_FADES, BENEFIT_GROWS = 0.7, 0.6, 0.75


def _sessions_after(found: Ruptures, first: np.ndarray, sessions: Sessions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every (rupture, session) pair from rank `first` to the course's end: the rupture, where the session stands, and sessions since `first`."""
    number = np.maximum(sessions.lengths[found.course] - first + 1, 0)
    rupture = np.repeat(np.arange(found.count), number)
    since = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    return rupture, sessions.at(found.course[rupture], first[rupture] + since), since


def on_alliance(settings: Settings, found: Ruptures, fates: Repair, sessions: Sessions, rng: np.random.Generator) -> np.ndarray:
    """Points added to the patient's alliance in every session: the fall, its partial recovery, and the gain of a repair."""
    assumed, repaired = settings.numbers["ruptures"], settings.numbers["repair"]
    change = np.zeros(sessions.count)
    rupture, where, since = _sessions_after(found, found.rank, sessions)
    after = since - found.holds[rupture] + 1
    left = np.where(after <= 0, 1.0, assumed["stays"] + (1 - assumed["stays"]) * assumed["fades"] ** np.maximum(after, 0))
    np.add.at(change, where, -settings.rupture_effect * found.depth[rupture] * left)
    gain = repaired["gain"] + repaired["gain_sd"] * rng.standard_normal(found.count)
    best = np.zeros(sessions.count)
    rupture, where, since = _sessions_after(found, fates.repaired, sessions)
    # A second repair does not add to the first: the better of the two counts. Before session `gain_from` a repair does nothing to the alliance.
    counts = sessions.rank[where] >= repaired["gain_from"]
    np.maximum.at(best, where, counts * gain[rupture] * (1 - repaired["gain_speed"] ** (since + 1)))
    return change + settings.repair_effect * best


def on_outcome(settings: Settings, found: Ruptures, fates: Repair, sessions: Sessions) -> np.ndarray:
    """Points added to the outcome score (more is worse): the cost of an open rupture, less the benefit of a repair in longer therapy."""
    assumed = settings.numbers["outcomes"]
    cost, benefit = np.zeros(sessions.count), np.zeros(sessions.count)
    rupture, where, since = _sessions_after(found, found.rank, sessions)
    open_for = np.minimum(since, fates.repaired[rupture] - found.rank[rupture])
    np.maximum.at(cost, where, (1 - COST_GROWS ** (open_for + 1)) * COST_FADES ** (since - open_for))
    rupture, where, since = _sessions_after(found, fates.repaired, sessions)
    in_long_therapy = np.clip((sessions.rank[where] - assumed["repair_benefit_from"]) / 12, 0, 1)
    np.maximum.at(benefit, where, in_long_therapy * (1 - BENEFIT_GROWS ** (since + 1)))
    return settings.rupture_effect * assumed["open_rupture_cost"] * cost - settings.repair_effect * assumed["repair_benefit"] * benefit
