"""How often the intervals of the three contrasts hold the truth, over simulated clinics (`make coverage`; docs/coverage.md)."""
