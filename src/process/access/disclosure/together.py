"""What the exports of several bands of lengths, put together, would tell of each other: what is withheld in one of them takes company from those beside it.

The parts of a wider band leave a row, or two of them at least do not; of those that do not there are together enough (`MINIMUM_COURSES`) of each count. Where
a band's row does not leave, nothing within that band does. What the wider band leaves for the parts that are withheld is then no small number, and any of them
may be 1 to 7. Complementary suppression over a hierarchy: Hundepool et al. 2012, Statistical Disclosure Control, Wiley, sections 4.2 and 4.4;
`tests/attacks/test_neighbouring_exports.py` attacks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from process.access.disclosure.limits import MINIMUM_COURSES, Floats

Band = tuple[int, int]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Frames:
    """The same rows of several bands of lengths: which of them is asked for, what each has, and which are the parts of which, the widest first."""

    band: Band
    frames: Mapping[Band, pd.DataFrame]
    wholes: Sequence[tuple[Band, Sequence[Band]]]


def hidden_together(beside: Frames, keys: Sequence[str], hidden: Callable[[pd.DataFrame, Mask], Mask], amounts: Callable[[pd.DataFrame], Floats]) -> Mask:
    """Which rows of the band that is asked for may not leave, given that exports of all of them can be had.

    Rows are told apart by `keys`. `hidden` says which rows of one frame may not leave by themselves, where some may not already; `amounts` how many each row
    has of everything that is counted (rows by counts, NaN = not known), courses first.
    """
    frames = beside.frames
    rows = {band: _named(frame, keys) for band, frame in frames.items()}
    counts = {band: amounts(frame) for band, frame in frames.items()}
    found = {band: np.zeros(len(frame), bool) for band, frame in frames.items()}
    while True:
        before = sum(int(mask.sum()) for mask in found.values())
        for band, frame in frames.items():
            found[band] |= hidden(frame, found[band])
        for whole, parts in beside.wholes:
            gone = set(rows[whole][found[whole]])
            out = {row for part in parts for row in rows[part][found[part]]}
            for row in gone | out:
                places = {part: at for part in parts if (at := rows[part].get_indexer([row])[0]) >= 0}
                _take_company(row in gone, places, counts, found)
        if sum(int(mask.sum()) for mask in found.values()) == before:
            return found[beside.band]


def _take_company(gone: bool, places: Mapping[Band, int], counts: Mapping[Band, Floats], found: Mapping[Band, Mask]) -> None:
    """Hide one row's smallest other parts until those that are hidden are enough of each count; all of them where that cannot be, or the whole is `gone`."""
    has = {part: counts[part][at] for part, at in places.items()}
    others = sorted((part for part, at in places.items() if not found[part][at] and has[part][0] > 0), key=lambda part: has[part][0])
    for part in (*others, None):
        unseen = np.array([has[each] for each, at in places.items() if found[each][at]])
        if not gone and len(unseen) and (np.nan_to_num(unseen[:, 0], nan=1.0) > 0).sum() > 1 and _enough(unseen):
            return
        for each in places if part is None or gone else (part,):
            found[each][places[each]] = True


def _enough(unseen: Floats) -> bool:
    total = np.nan_to_num(unseen, nan=1.0).sum(axis=0)
    return bool(((total == 0) | (total >= MINIMUM_COURSES)).all())


def _named(frame: pd.DataFrame, keys: Sequence[str]) -> pd.Index:
    """The frame's rows by name, the same in every frame."""
    named = [name for name in keys if name in frame]
    return pd.Index(["\x1f".join(map(str, row)) for row in frame[named].itertuples(index=False, name=None)], dtype=object)
