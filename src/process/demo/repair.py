"""What becomes of each rupture: who acknowledges it and when, whether it is negotiated and repaired, and who leaves while it is open.

Repaired means what the measures mean: a `repaired` step and an acknowledgement by each of the two, dated by the latest of the three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from process.demo.draws import waits
from process.demo.ruptures import Ruptures
from process.demo.settings import Settings

NEVER = 10_000  # a rank after every course's end
PATIENT, THERAPIST = 0, 1
ACKNOWLEDGED, NEGOTIATED, REPAIRED = 0, 1, 2


@dataclass(frozen=True)
class Repair:
    """Over ruptures: attended rank of the acknowledgement by each, of the negotiation, of the repaired step and of the repair as defined; `NEVER` if none."""

    patient: np.ndarray
    therapist: np.ndarray
    negotiated: np.ndarray
    step: np.ndarray
    repaired: np.ndarray
    leaves: np.ndarray
    negotiated_by: np.ndarray
    repaired_by: np.ndarray
    by_both: np.ndarray

    def cut(self, keep: np.ndarray) -> Repair:
        """The same for the ruptures to `keep`."""
        return Repair(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))

    def steps(self, found: Ruptures, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The recorded steps inside the courses' lengths: position of the rupture, attended rank, step, by whom; ordered by rupture."""
        every = np.arange(found.count)
        rows = [
            (every, self.patient, ACKNOWLEDGED, np.full(found.count, PATIENT)),
            (every, self.therapist, ACKNOWLEDGED, np.full(found.count, THERAPIST)),
            (every, self.negotiated, NEGOTIATED, self.negotiated_by),
            (every[self.by_both], self.negotiated[self.by_both], NEGOTIATED, 1 - self.negotiated_by[self.by_both]),
            (every, self.step, REPAIRED, self.repaired_by),
            (every[self.by_both], self.step[self.by_both], REPAIRED, 1 - self.repaired_by[self.by_both]),
        ]
        rupture, rank, by = (np.concatenate([row[part] for row in rows]) for part in (0, 1, 3))
        step = np.concatenate([np.full(len(row[0]), row[2]) for row in rows])
        inside = rank <= lengths[found.course[rupture]]
        order = np.flatnonzero(inside)[np.lexsort((by[inside], step[inside], rank[inside], rupture[inside]))]
        return rupture[order], rank[order], step[order], by[order]


def repair(settings: Settings, found: Ruptures, skill: np.ndarray, rng: np.random.Generator) -> Repair:
    """Draw what would become of every rupture if its course went on; `skill` is the therapist's, standard normal, one a rupture."""
    assumed, size = settings.numbers["repair"], found.count
    odds = np.log(assumed["repaired"] / (1 - assumed["repaired"])) + assumed["therapist_skill_sd"] * skill
    fate = rng.random(size)
    full = fate < 1 / (1 + np.exp(-odds))
    rest = rng.random(size) * (1 - assumed["repaired"])
    acknowledged = ~full & (rest < assumed["only_acknowledged"])
    partial = ~full & ~acknowledged & (rest < assumed["only_acknowledged"] + assumed["partial"])
    patient_first = rng.random(size) < 0.5
    first = found.rank + waits(rng, assumed["patient_first_delay"], size)
    second = first + waits(rng, assumed["patient_first_delay"], size)
    negotiated = second + waits(rng, assumed["negotiated_delay"], size)
    step = negotiated + waits(rng, assumed["repaired_delay"], size)
    both = full | acknowledged
    patient = np.where(both | (partial & patient_first), np.where(patient_first, first, second), NEVER)
    therapist = np.where(both | (partial & ~patient_first), np.where(patient_first, second, first), NEVER)
    talked, claimed = rng.random(size) < 0.35, rng.random(size) < 0.2
    # Some ruptures are called repaired although one of the two never acknowledged them: by definition they are not.
    step = np.where(full | (partial & claimed), step, NEVER)
    negotiated = np.where((full & (rng.random(size) < 0.93)) | acknowledged | (partial & talked), negotiated, NEVER)
    alone = np.where(patient_first, PATIENT, THERAPIST)
    someone = rng.integers(0, 2, size)
    leaving = rng.random(size) < settings.numbers["endings"]["leaving_after_rupture"] * settings.leaving_effect
    goes = found.rank + waits(rng, 0.45, size)
    repaired = np.where(full, step, NEVER)
    return Repair(
        patient=patient,
        therapist=therapist,
        negotiated=negotiated,
        step=step,
        repaired=repaired,
        leaves=np.where(leaving & (repaired > goes), goes, NEVER),
        negotiated_by=np.where(partial, alone, someone),
        repaired_by=np.where(partial, alone, rng.integers(0, 2, size)),
        by_both=full & (rng.random(size) < 0.4),
    )


def shortened(lengths: np.ndarray, found: Ruptures, fates: Repair) -> np.ndarray:
    """The courses' lengths once those who leave with a rupture open have left."""
    cut = lengths.copy()
    np.minimum.at(cut, found.course, np.minimum(fates.leaves, NEVER).astype(cut.dtype))
    return cut
