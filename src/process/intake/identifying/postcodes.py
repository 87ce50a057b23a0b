"""Whether cells are postcodes that can be told from codes: British, Canadian, Dutch and American nine-digit ones, judged by the column.

A clinic's code may look like a postcode here and there (`A1 2BC`); a column of which most codes do holds postcodes. Five digits (Germany, France, Spain, the
United States) cannot be told from a number: there the column's name has to tell (`telling_names`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from process.intake.identifying.counters import counted

# Royal Mail, "Programmers' Guide to PAF": the 124 postcode areas; the inward part's letters are never C, I, K, M, O, V.
_AREAS = (
    "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|BX|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|"
    "IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|"
    "TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
_BRITISH = rf"(?i)^(?:{_AREAS})\d[A-Z\d]?{{gap}}\d[ABD-HJLNP-UW-Z]{{{{2}}}}$"
# Canada Post, Addressing Guidelines: D, F, I, O, Q, U are not used, W and Z never first.
_CANADIAN = r"(?i)^[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]{gap}\d[ABCEGHJ-NPRSTV-Z]\d$"
# PostNL: four digits, first not 0, and two letters, not SA, SD or SS.
_DUTCH = r"^[1-9]\d{{3}}{gap}(?:[A-RT-Z][A-Z]|S[BCE-RT-Z])$"
_AMERICAN = r"^\d{5}-\d{4}$"
_SPACED, _BARE = " ", ""


def postcodes(distinct: pa.Array, filled: int) -> NDArray[np.bool_]:
    """Which of a column's distinct cells (string, each once) are postcodes; `filled` = distinct cells of the whole column.

    Written with their space, half of the column's cells are enough, or twenty that are a tenth of it; without one, three cells and half of the column.
    """
    found = np.zeros(len(distinct), bool)
    for pattern, fewest in ((_BRITISH, 1), (_CANADIAN, 1), (_DUTCH, 3)):
        spaced = _fits(distinct, pattern.format(gap=_SPACED))
        bare = _fits(distinct, pattern.format(gap=_BARE))
        if spaced.sum() >= max(fewest, filled / 2) or spaced.sum() >= max(20, filled / 10):
            found |= spaced | bare
        elif bare.sum() >= max(3, filled / 2):
            found |= bare
    nine = _fits(distinct, _AMERICAN)
    zips = distinct.filter(pa.array(nine)).to_pylist()
    return found | nine if len(zips) >= max(3, filled / 2) and not counted(zips) else found


def spaced_postcodes(distinct: pa.Array) -> NDArray[np.bool_]:
    """Which cells are British or Canadian postcodes with their space, each by itself."""
    return _fits(distinct, _BRITISH.format(gap=_SPACED)) | _fits(distinct, _CANADIAN.format(gap=_SPACED))


def _fits(distinct: pa.Array, pattern: str) -> NDArray[np.bool_]:
    return pc.match_substring_regex(distinct, pattern).to_numpy(zero_copy_only=False)
