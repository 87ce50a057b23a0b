"""Which cells of a column identify people, by kind: what is plain from one cell is told by the cell, what may be a code is told by the column.

Everything here looks at a column's distinct cells once, so that a million rows cost as much as their hundred thousand codes. A false alarm stops a clinic's
weekly load, so whatever a record system may use as a code (long ids, dashes, ten random digits, UUIDs, `A1 2BC` here and there) has to pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from process.intake.identifying import composed, strays, titles
from process.intake.identifying import people as people_names
from process.intake.identifying.counters import counted
from process.intake.identifying.dates import born, dated, matching
from process.intake.identifying.national_numbers import numbered
from process.intake.identifying.postcodes import postcodes
from process.intake.identifying.telephones import telephones

Mask = NDArray[np.bool_]
Look = Callable[[pa.Array, int], Mask]

MAIL = "e-mail addresses"
WEB = "web addresses"
SSN = "US social security numbers"
DATE = "calendar dates"
BIRTH = "dates of birth"
AGE = "single ages; bands only, top band 75+"
ABOVE = "bands above the top band, 75+"
TEXT = "free text"
MARKUP = "markup"
FORMULA = "formulas (= + - @ first)"
HARM = (MARKUP, FORMULA)

_ENDED = re.compile(r" [a-zäöüßéèáíóúñç]{3,}[.!?]$|[!?]$")  # and not `Inc.`, `Dept.`, `e.V.`
# Words of sentences that no name of a team, a problem or a form of therapy holds.
_NARRATIVE = frozenset(
    "she he her him his hers they them their we us our my me you your was were has had have having is are does did says said told tells asked "
    "feels felt wants wanted thinks thought reports reported because when but today yesterday tomorrow ich er sie ihr ihm ihn wir war waren hat "
    "hatte ist sind wird wurde nicht weil fühlt sagt sagte möchte heute elle elles était sont avait dit pense parce aujourd'hui ella está estaba "
    "siente dice dijo porque hoy hij zij heeft wordt voelt zegt omdat niet vandaag".split()
)


def sure(pattern: str) -> Look:
    """What one cell shows alone (RE2, anywhere in the cell unless anchored)."""

    def look(distinct: pa.Array, filled: int) -> Mask:
        return pc.match_substring_regex(distinct, pattern).to_numpy(zero_copy_only=False)

    return look


def _ssn(distinct: pa.Array, filled: int) -> Mask:
    """Three, two, four digits as the Social Security Administration gives them; ids of a site, an arm and a counter have low counters."""
    mask, texts = matching(distinct, r"^\d{3}-\d{2}-\d{4}$")
    given = [text[:3] not in ("000", "666") and text[0] != "9" and text[4:6] != "00" and text[7:] != "0000" for text in texts]
    mask[mask] = False if counted(texts) else given
    return mask


def sentences(distinct: pa.Array, filled: int) -> Mask:
    """Cells that tell something: a word of sentences among three, an end like a sentence's; or a column of which half are eight words or more, each once."""
    mask, texts = matching(distinct, r"\S +\S+ +\S")
    plain, long = [], []
    for text in texts:
        words = text.split()
        first = words[0].lower() if words[0].istitle() else words[0]
        told = any(word.strip(".,;:!?'\"()") in _NARRATIVE for word in (first, *words[1:]))
        plain.append(told or (len(words) >= 4 and _ENDED.search(text) is not None) or len(text) > 200)
        long.append(len(words) >= 8)
    if sum(long) >= max(5, filled / 2):
        plain = [one or other for one, other in zip(plain, long, strict=True)]
    mask[mask] = plain
    return mask


_COUNTED = sure(r"^(?:[A-Za-z_-]{0,4}\d{1,7})?$")  # what most ids look like, and nothing below does: passed over, because there may be a million
_MAIL = sure(r"[^@\s]@[^@\s]+\.[A-Za-z]{2,}")
_WEB = sure(r"(?i)https?://|\bwww\.")
_MARKUP = sure(r"(?i)<[a-z/!?]|&#|&[a-z]{2,8};|javascript:|\{\{|\$\{")
_FORMULA = sure(r"^\s*[=@]|^\t|^\s*[+-].*[(!|@]")
_AGE = sure(r"(?i)^\d{1,3}(?:[.,]\d+)?(?: ?(?:y|yo|yrs?|years?|years old|j|jahre|ans|años|jaar))?$")
_ABOVE = sure(r"^(?:7[6-9]|[89]\d|1[0-2]\d) ?[+]$|^(?:7[5-9]|[89]\d|1[0-2]\d) ?- ?\d{2,3}$")

_ALWAYS: tuple[tuple[str, Look], ...] = ((MAIL, _MAIL), ("telephone numbers", telephones), (SSN, _ssn), ("postcodes", postcodes))
LOOKS: dict[str, tuple[tuple[str, Look], ...]] = {
    "id": (
        (MARKUP, _MARKUP),
        (FORMULA, _FORMULA),
        (WEB, _WEB),
        *_ALWAYS,
        (BIRTH, born),
        (DATE, dated),
        (people_names.KIND, partial(people_names.people, ids=True)),
        (people_names.KIND, composed.surnames),
        (composed.ACCOUNT, composed.accounts),
        (TEXT, sentences),
    ),
    "label": (
        (MARKUP, _MARKUP),
        (FORMULA, _FORMULA),
        (WEB, _WEB),
        *_ALWAYS,
        (BIRTH, born),
        (DATE, dated),
        (people_names.KIND, partial(people_names.people, ids=False)),
        (TEXT, sentences),
    ),
    "title": ((MARKUP, _MARKUP), (FORMULA, _FORMULA), *_ALWAYS, (titles.NUMBER, titles.numbers), (people_names.KIND, titles.names), (TEXT, sentences)),
    "age": ((AGE, _AGE), (ABOVE, _ABOVE)),
    "other": (*_ALWAYS, (BIRTH, born), (people_names.KIND, partial(people_names.people, ids=False)), (TEXT, sentences)),
}
"""By role of a column, what its cells are looked at for, in this order: a cell is counted under the first kind that it meets.

`id` and `label` become codes; `title` is the clinic's own name for itself and its source; `age` becomes a band; `other` is not stored (ignored by a
mapping, or read by a pattern of its own), so that only what identifies people by itself is looked for.
"""


def telling(distinct: pa.Array, role: str, harm: bool = True, rows: NDArray[np.int64] | None = None) -> dict[str, Mask]:
    """By kind, which of a column's distinct cells (string array, each cell once) identify people or could do harm. `role`: a key of `LOOKS`.

    `harm`: whether markup and formulas are looked for, too, which identify nobody. `rows`: for each cell in how many rows it stands (default: in many).
    """
    unlike = ~_COUNTED(distinct, 0) if role != "age" else np.ones(len(distinct), bool)
    cells = distinct.filter(pa.array(unlike))
    left = np.ones(len(cells), bool)
    found: dict[str, Mask] = {}
    if role == "id" and (made := composed.birth_codes(distinct, max(len(distinct), 1))).any():  # what most ids look like, too: looked at in all
        found[BIRTH], left = made, ~made[unlike]
    if not len(cells):
        return found
    filled = max(len(distinct) - int(pc.sum(pc.equal(distinct, "")).as_py() or 0), 1)
    more = _strays(cells, filled, rows[unlike]) if role == "label" and rows is not None else ()
    for kind, mask in chain(_looked(cells, filled, role, harm), more):
        mask = mask & left
        if mask.any():
            left &= ~mask
            here = unlike.copy()
            here[unlike] = mask
            found[kind] = found[kind] | here if kind in found else here
    return found


def _strays(distinct: pa.Array, filled: int, rows: NDArray[np.int64]) -> Iterable[tuple[str, Mask]]:
    yield people_names.KIND, strays.stray_names(distinct, rows)
    yield DATE, strays.stray_dates(distinct, filled)
    yield "postcodes", strays.stray_postcodes(distinct, rows)
    yield strays.LONG, strays.stray_numbers(distinct, filled, rows)


def _looked(distinct: pa.Array, filled: int, role: str, harm: bool) -> Iterable[tuple[str, Mask]]:
    for kind, look in LOOKS[role]:
        if kind in HARM and not harm:
            continue
        if look is telephones:  # a number with its check digit is that first
            yield from numbered(distinct).items()
        yield kind, look(distinct, filled)
