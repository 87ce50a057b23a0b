"""Whether codes end in a counter: ids of a site, an arm and a number have low last digits, which telephone and social security numbers have not."""

from __future__ import annotations

from collections.abc import Sequence


def counted(codes: Sequence[str]) -> bool:
    """Whether the last four digits of these codes (each once) are counters: under 1,000 in four of five, or, of three codes and fewer, under 100 in all.

    Of codes with random last digits one in ten has them under 1,000: four codes of which four are would be 1 in 10,000.
    """
    if len(codes) >= 4:
        return sum(code[-4] == "0" for code in codes) >= 0.8 * len(codes)
    return all(code[-4:] < "0100" for code in codes)
