"""Where several processes share the tests: which stay together, and which begin first.

A file stays together, for its fixtures. The deployed server's files are one lot, for its two processes behind nginx, and so are the browser's, for their one
server and one browser. The browser's begin first: they wait more than they work, so that another process has the time. Then comes what takes longest: nothing
of it is left for one process at the end while others stand still.
"""

from __future__ import annotations

from pathlib import PurePath

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser"
DEPLOY = "tests/deploy"
LONGEST = (
    "tests/server/test_gate.py",
    "tests/intake/test_markers.py",
    "tests/store/test_deletions.py",
    "tests/charts/test_charts.py",
    "tests/faults/test_killed.py",
    "tests/faults/test_disk.py",
    "tests/pages/test_pages.py",
    "tests/pages/test_notebooks.py",
    "tests/attacks/test_abuse.py",
    DEPLOY,
    "tests/server/test_swap.py",
    "tests/loading/test_load.py",
    "tests/loading/test_incremental.py",
    "tests/access/test_clinic.py",
    "tests/measures/test_against_reference.py",
    "tests/measures/test_edge_records.py",
    "tests/loading/test_forgetting.py",
    "tests/loading/test_continuing.py",
    "tests/measures/test_comparison.py",
    "tests/measures/test_ruptures_reference.py",
    "tests/attacks/test_differencing.py",
    "tests/store/test_commands.py",
    "tests/store/test_generations.py",
    "tests/intake/test_fhir.py",
    "tests/intake/test_drafts.py",
    "tests/measures/test_invariances.py",
    "tests/measures/test_benchmark.py",
    "tests/measures/test_demo_clinic.py",
    "tests/measures/test_coverage.py",
    "tests/server/test_ending.py",
    "tests/attacks/test_takeover.py",
    "tests/store/test_publish.py",
    "tests/measures/test_rupture_edges.py",
    "tests/measures/test_caseload_reference.py",
    "tests/measures/test_alliance_parts_reference.py",
    "tests/measures/test_parameters.py",
    "tests/access/test_scope.py",
    "tests/store/test_doctor.py",
    "tests/store/test_backup.py",
    "tests/store/test_encryption.py",
    "tests/loading/test_coded.py",
    "tests/cli/test_codes.py",
    "tests/cli/test_cli.py",
    "tests/measures/test_goal_reference.py",
    "tests/measures/test_goal_edges.py",
    "tests/measures/test_expectation_reference.py",
    "tests/intake/test_canonical.py",
    "tests/intake/test_fuzz.py",
)
"""Lots of more than about eight seconds of a processor, the longest first. Out of date it costs a little time and nothing else."""


def lot(nodeid: str) -> str:
    """What a test stays together with."""
    file = nodeid.split("::", 1)[0]
    return next((folder for folder in (BROWSER, DEPLOY) if PurePath(file).is_relative_to(folder)), file)


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
