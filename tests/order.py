"""Where several processes share the tests: which stay together, and which begin first.

A file stays together, for its fixtures. The browser's files are one lot, for their one server and one browser, and begin first: they wait more than they
work, so that another process has the time. Then come the files that take longest: none of them is left for one process at the end while others stand still.
"""

from __future__ import annotations

from pathlib import PurePath

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser"
LONGEST = (
    "tests/measures/test_coverage.py",
    "tests/intake/test_markers.py",
    "tests/faults/test_killed.py",
    "tests/charts/test_charts.py",
    "tests/pages/test_pages.py",
    "tests/pages/test_notebooks.py",
    "tests/server/test_gate.py",
    "tests/server/test_swap.py",
    "tests/loading/test_load.py",
    "tests/loading/test_forgetting.py",
    "tests/loading/test_incremental.py",
    "tests/store/test_commands.py",
    "tests/store/test_backup.py",
    "tests/store/test_doctor.py",
    "tests/store/test_generations.py",
    "tests/faults/test_disk.py",
    "tests/cli/test_codes.py",
    "tests/intake/test_fuzz.py",
    "tests/measures/test_invariances.py",
    "tests/measures/test_against_reference.py",
    "tests/measures/test_comparison.py",
    "tests/measures/test_edge_records.py",
    "tests/measures/test_caseload_reference.py",
    "tests/measures/test_parameters.py",
    "tests/measures/test_demo_clinic.py",
    "tests/measures/test_rupture_edges.py",
)
"""Files of more than about ten seconds, the longest first. Out of date it costs a little time and nothing else."""


def lot(nodeid: str) -> str:
    """What a test stays together with."""
    file = nodeid.split("::", 1)[0]
    return BROWSER if PurePath(file).is_relative_to(BROWSER) else file


def place(nodeid: str) -> int:
    """When a test begins, before those with a greater number; tests of one number keep their order."""
    lots = (BROWSER, *LONGEST)
    return lots.index(lot(nodeid)) if lot(nodeid) in lots else len(lots)


class Lots(LoadFileScheduling):
    """pytest-xdist's distribution of whole files, of lots in the place of files, in the order in which they were collected."""

    def __init__(self, config, log=None):
        super().__init__(config, log)
        config.option.loadscopereorder = False  # else the lots with the most tests begin first, whatever these cost

    def _split_scope(self, nodeid: str) -> str:
        return lot(nodeid)
