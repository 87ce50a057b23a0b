"""Whether cells are telephone numbers: as people write them, each alone; as bare digits, only where the column shows it.

Shapes after ITU-T E.164 and E.123 (international), the North American Numbering Plan (area and exchange begin with 2 to 9), and the national trunk prefix 0
of the United Kingdom, Germany, France, Spain and the Netherlands. Ids of clinics begin with zeros too (`001-0002`), so a subscriber's part that begins
with 0, or one of fewer than seven digits behind a dash, is taken for an id.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy
from numpy.typing import NDArray

from process.intake.identifying.counters import counted

_WRITTEN = (
    r"^\+[1-9][\d ./()-]{6,22}\d$"
    r"|^00 ?[1-9]\d{1,2} [1-9()][\d ./()-]{5,18}\d$"
    r"|^(?:\+?1[-. ])?\([2-9]\d{2}\) ?[2-9]\d{2}[-. ]\d{4}$"
    r"|^\(0[1-9]\d{0,4}\)[ /-]?\d[\d -]{4,9}\d$"
    r"|^0[1-9]\d{0,4}[ /]\d[\d /-]{4,10}\d$"
    r"|^0[1-9](?:[. -]\d{2}){4}$"
    r"|^0[1-9]\d{0,3}-[1-9]\d{6,7}$"
)
_THREE_THREE_FOUR, _AMERICAN = r"^\d{3}[-. ]\d{3}[-. ]\d{4}$", r"^[2-9]\d{2}[-. ][2-9]\d{2}[-. ]\d{4}$"
# Bare digits: how many digits, which of them are mobile numbers, and the share of random codes of as many digits that would be.
_MOBILE = (
    (r"^\d{11}$", r"^07[1-57-9]\d{8}$", 0.008),
    (r"^\d{11,12}$", r"^01[567][0-9][1-9]\d{6,7}$", 0.003),
    (r"^\d{10}$", r"^0[67][1-9]\d{7}$", 0.018),
)
_FEWEST_DIGITS, _MOST_DIGITS = 9, 15


def telephones(distinct: pa.Array, filled: int = 0) -> NDArray[np.bool_]:
    """Which of a column's distinct cells (string, each once) are telephone numbers; how many more the column has does not matter."""
    found = _fits(distinct, _WRITTEN)
    for place in np.flatnonzero(found):
        found[place] = _FEWEST_DIGITS <= sum(sign.isdigit() for sign in distinct[place].as_py()) <= _MOST_DIGITS
    parted, american = _fits(distinct, _THREE_THREE_FOUR), _fits(distinct, _AMERICAN)
    # 64 of 100 random codes of that shape would be American numbers; where more than a tenth of them are none, or they count, they are codes
    if american.any() and (parted.sum() < 20 or american.sum() >= 0.9 * parted.sum()) and not counted(distinct.filter(pa.array(parted)).to_pylist()):
        found |= american
    for shape, mobile, chance in _MOBILE:
        shaped, fitting = _fits(distinct, shape), _fits(distinct, mobile)
        if fitting.any() and fitting.sum() >= 0.2 * shaped.sum() and scipy.special.bdtrc(fitting.sum() - 1, shaped.sum(), chance) < 0.01:
            found |= fitting
    return found | _bare_american(distinct)


def _bare_american(distinct: pa.Array) -> NDArray[np.bool_]:
    """Ten bare digits: taken for telephone numbers where there are twenty, all fit the plan, and they scatter over exchanges as no counter does."""
    shaped, fitting = _fits(distinct, r"^\d{10}$"), _fits(distinct, r"^[2-9]\d{2}[2-9]\d{6}$")
    if fitting.sum() < 20 or fitting.sum() < shaped.sum():
        return np.zeros(len(distinct), bool)
    numbers = distinct.filter(pa.array(fitting)).to_pylist()
    areas, exchanges = {number[:3] for number in numbers}, {number[:6] for number in numbers}
    return fitting if len(areas) >= 3 and len(exchanges) >= min(len(numbers) / 2, 200) else np.zeros(len(distinct), bool)


def _fits(distinct: pa.Array, pattern: str) -> NDArray[np.bool_]:
    return pc.match_substring_regex(distinct, pattern).to_numpy(zero_copy_only=False).copy()
