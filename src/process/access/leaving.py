"""Of which courses an export is: those of a whole fixed band of lengths, with one filter at most. What somebody chose on the screen is widened, never cut.

Counts leave rounded without chance, so that exports of neighbouring ranges tell where a sum passes from one step to the next. There is one export of each band,
and any two bands are apart or one lies in the other (`measures.benchmark_rules`); `disclosure.together` keeps what the bands tell of each other apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from process.access.cohort import ATTRIBUTES, LONGEST, Range
from process.measures import benchmark_rules
from process.measures.definition import Definition

EVERY: Range = (0, LONGEST)
BANDS: tuple[Range, ...] = tuple((low if low > 1 else 0, min(high, LONGEST)) for low, high in benchmark_rules.EVERY_BAND.values())
"""The benchmark's bands; who never came is among the shortest, so that the bands are together what every length is."""
ALONG = ("attainment_by_share", "time_to_repair")
MATCHED = ("left_after_rupture", "repair_by_length")
_ALONG_KEYS = {"length", "session", "sessions_left", "offset"}
"""What has a row for each number of sessions or places in a course: neighbouring rows tell neighbouring lengths apart, so that one export of all is
enough. What is matched anew for each range (`MATCHED`) adds up to nothing, so that no company can be worked out."""
WHY_ALONG = "figures along sessions or lengths, and those matched anew for each range, leave for every length only"
KEPT_BACK = "No export of this figure with these filters. {}"
ONE_FILTER = "It may be narrowed by one filter beside the length at most. Take filters away until one is left."
ONE_CODE = "Of a filter one value at a time may leave: exports of overlapping choices, put together, tell small counts. Choose one, or none."
ONE_YEAR = "Of courses by when they began whole calendar years leave, one at a time. Choose the first and the last quarter of one year, or none."


def around(length: Range) -> Range:
    """The narrowest band in which a range of lengths lies whole."""
    low, high = max(length[0], 0), min(length[1], LONGEST)
    return min((band for band in BANDS if band[0] <= low and high <= band[1]), key=lambda band: band[1] - band[0])


def parts(band: Range) -> tuple[Range, ...]:
    """The widest bands within a band, which make it up."""
    within = [other for other in BANDS if other != band and band[0] <= other[0] and other[1] <= band[1]]
    return tuple(one for one in within if not any(other != one and other[0] <= one[0] and one[1] <= other[1] for other in within))


def beside(band: Range) -> tuple[Range, ...]:
    """The bands that decide with a band what of it may leave: those that it lies in, itself, and the other parts of each; the widest first."""
    path = sorted((other for other in BANDS if other[0] <= band[0] and band[1] <= other[1]), key=lambda other: other[0] - other[1])
    return tuple(dict.fromkeys([path[0], *(part for wider in path[:-1] for part in parts(wider))]))


def as_one(definition: Definition) -> bool:
    """Whether there is one export of it, of every length: the rows run along sessions, lengths or a distance in them, or are matched anew for each range."""
    return definition.name in (*ALONG, *MATCHED) or bool(_ALONG_KEYS & set(definition.keys))


def leaves(length: Range, definition: Definition) -> Range:
    """The lengths that an export is of, where `length` was asked for."""
    return EVERY if as_one(definition) else around(length)


def widened(length: Range, to: Range, definition: Definition) -> str:
    """Why an export is of other lengths than were asked for; empty where it is not."""
    if to == length:
        return ""
    asked = f"{'you asked for' if to == EVERY else 'the whole band that holds'} {spoken(length)}"
    if as_one(definition):
        return f"{asked}; {WHY_ALONG}"
    return f"{asked}, which no narrower whole band holds" if to == EVERY else asked


def spoken(length: Range) -> str:
    """A range of lengths in words."""
    low, high = length
    if low <= 0 and high >= LONGEST:
        return "every length"
    return f"{low} sessions and more" if high >= LONGEST else f"{low} to {high} sessions" if low != high else f"{low} session{'s' if low != 1 else ''}"


def kept_by_filters(cohort: Mapping[str, str | None], therapists: Collection[str], quarters: Collection[str]) -> str:
    """Why these filters keep figures from leaving; empty where they do not.

    `cohort` holds the bound filters, `therapists` those that were chosen of a wider scope, `quarters` all in which courses began.
    """
    chosen = [codes.strip("|").split("|") for name in ATTRIBUTES.values() if (codes := cohort.get(name))] + ([list(therapists)] if therapists else [])
    first, last = cohort.get("start_from") or "", cohort.get("start_to") or ""
    if len(chosen) + bool(first or last) > 1:
        return ONE_FILTER
    if any(len(codes) > 1 for codes in chosen):
        return ONE_CODE
    if not (first or last):
        return ""
    within = {quarter for quarter in quarters if first <= quarter and (not last or quarter <= last)}
    whole = {quarter for quarter in quarters if quarter[:4] in {one[:4] for one in within}}
    return "" if within == whole and len({quarter[:4] for quarter in within}) == 1 else ONE_YEAR
