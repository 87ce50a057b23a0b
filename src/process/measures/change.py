"""Change between two scores of one person: is it more than measurement error, and does it end on the healthy side? (Jacobson & Truax)

All formulas: Jacobson & Truax 1991, Journal of Consulting and Clinical Psychology 59(1), 12-19.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

KINDS = ("a", "b", "c")
CATEGORIES = ("recovered", "improved", "unchanged", "deteriorated", "harmed")
CRITICAL = 1.96  # two-sided 5 %, as printed by Jacobson & Truax 1991
_ROUNDING = 1e-9

Floats = NDArray[np.float64]


def reliable_change(pre: ArrayLike, post: ArrayLike, sd: ArrayLike, reliability: ArrayLike) -> Floats:
    """By how many standard errors of a difference a score changed: RCI = (post - pre) / S_diff, S_diff = sqrt(2) SD sqrt(1 - reliability).

    `pre`, `post`: scores on one form, any shapes that broadcast, NaN = not measured, and NaN comes back. `sd`: the SD of a reference group, above 0, in the
    form's units; `reliability`: of the same form, 0 to below 1 (scalars or arrays). Signed as the scores are: negative = the score fell, whatever the
    scale's direction. Beyond +-1.96 a change is called reliable. An `sd` or `reliability` of NaN is not known and gives NaN. Single numbers give one number,
    arrays an array. `ValueError`: `sd` or `reliability` outside its range, an endless score.
    """
    spread, consistency = np.asarray(sd, dtype=np.float64), np.asarray(reliability, dtype=np.float64)
    if np.any((spread <= 0) | np.isinf(spread)):
        raise ValueError(f"the SD is {sd}; it must be above 0")
    if np.any((consistency < 0) | (consistency >= 1)):
        raise ValueError(f"the reliability is {reliability}; it must be at least 0 and below 1")
    return _difference(pre, post) / (np.sqrt(2.0) * spread * np.sqrt(1.0 - consistency))


def cutoff(kind: str, clinical_mean: float, clinical_sd: float, functional_mean: float, functional_sd: float) -> float:
    """Where the healthy side of a scale begins, by one of three rules; all numbers in the form's units, the answer too.

    "a": two SDs of the clinical group beyond its mean, towards health. "b": two SDs of the *functional* group short of its mean. "c": between the two means,
    nearer to that of the group with the smaller SD, (SD_f M_c + SD_c M_f) / (SD_f + SD_c). The direction follows from the two means. NaN in gives NaN.
    `ValueError`: another kind, an endless number, an SD below 0, "a" or "b" with equal means (no direction), "c" with both SDs 0.
    """
    if kind not in KINDS:
        raise ValueError(f"`{kind}` is no kind of cut-off; known are `a`, `b` and `c`")
    if np.isinf([clinical_mean, clinical_sd, functional_mean, functional_sd]).any():
        raise ValueError("a mean or an SD is endless")
    if clinical_sd < 0 or functional_sd < 0:
        raise ValueError("an SD is below 0")
    if kind == "c":
        if clinical_sd + functional_sd == 0:
            raise ValueError("both SDs are 0: there is no point between the groups to weigh")
        return float((functional_sd * clinical_mean + clinical_sd * functional_mean) / (functional_sd + clinical_sd))
    if clinical_mean == functional_mean:
        raise ValueError("the two groups have the same mean: which direction is healthy cannot be told")
    towards_health = float(np.sign(functional_mean - clinical_mean))
    return float(clinical_mean + 2.0 * towards_health * clinical_sd if kind == "a" else functional_mean - 2.0 * towards_health * functional_sd)


def classify(pre: ArrayLike, post: ArrayLike, sd: ArrayLike, reliability: ArrayLike, cutoff: ArrayLike, lower_is_better: bool = True) -> NDArray[np.object_]:
    """What became of each person: recovered, improved, unchanged, deteriorated or harmed.

    Reliable means |RCI| > 1.96, by more than rounding (see `reliable_change` for the arguments). "recovered": reliably better and across the cut-off, from the
    clinical to the healthy side; "improved": reliably better otherwise; "harmed": reliably worse and across the cut-off the other way; "deteriorated": reliably
    worse otherwise; "unchanged": the rest, wherever it ends. A score *at* the cut-off is on the clinical side (convention, as with PHQ-9 >= 10 and GAD-7 >= 8,
    NHS Talking Therapies manual), so that turning a scale round changes no category. A `cutoff` of NaN is not known: then nobody crosses it. Gives an object
    array of the words in the arguments' common shape (single numbers: an array without dimensions, whose `item()` is the word), None where `pre` or `post` was
    not measured, or `sd` or `reliability` is NaN: not known. `ValueError`: as `reliable_change`, and an endless cut-off.
    """
    better = -1.0 if lower_is_better else 1.0
    gained = better * reliable_change(pre, post, sd, reliability)
    return _words(pre, post, gained, CRITICAL + _ROUNDING, cutoff, better)


def classify_by_threshold(pre: ArrayLike, post: ArrayLike, threshold: ArrayLike, cutoff: ArrayLike, lower_is_better: bool = True) -> NDArray[np.object_]:
    """The same five words where a form's reliable change is published as a number of points: a change of `threshold` points *or more* is reliable.

    As NHS England's public code does it (PHQ-9: 6 or more; abs(last - first) >= threshold). `threshold` above 0, in the form's units; the rest as in
    `classify`. `ValueError`: a threshold that is not above 0, an endless score or cut-off.
    """
    points = np.asarray(threshold, dtype=np.float64)
    if np.any(~(points > 0)):
        raise ValueError(f"the threshold is {threshold}; a reliable change must be above 0")
    better = -1.0 if lower_is_better else 1.0
    # A difference of two decimal scores can miss a whole number by the last bit.
    return _words(pre, post, better * _difference(pre, post), points - _ROUNDING, cutoff, better)


def _difference(pre: ArrayLike, post: ArrayLike) -> Floats:
    before, after = np.asarray(pre, dtype=np.float64), np.asarray(post, dtype=np.float64)
    if np.isinf(before).any() or np.isinf(after).any():
        raise ValueError("a score is endless")
    return after - before


def _words(pre: ArrayLike, post: ArrayLike, gained: Floats, reliable: ArrayLike, cutoff: ArrayLike, better: float) -> NDArray[np.object_]:
    """The words for gains towards health that are reliable from beyond or at `reliable` on; the callers have moved that number past rounding."""
    before, after, edge = (better * np.asarray(scores, dtype=np.float64) for scores in (pre, post, cutoff))
    if np.isinf(edge).any():
        raise ValueError("the cut-off is endless; NaN says that it is not known")
    up, down = gained >= reliable, gained <= -np.asarray(reliable)
    crossed_up, crossed_down = (before <= edge) & (after > edge), (before > edge) & (after <= edge)
    unknown = np.isnan(gained)
    conditions = np.broadcast_arrays(unknown, up & crossed_up, up, down & crossed_down, down)
    category = np.select(conditions, ("", "recovered", "improved", "harmed", "deteriorated"), default="unchanged").astype(object)
    return np.where(np.broadcast_to(unknown, category.shape), None, category)
