"""Who may see what, and the one door to every number."""

from process.access.answer import Answer, Exported, Stamp
from process.access.clinic import Clinic, Lease, Records, open_records
from process.access.cohort import Cohort
from process.access.latest import Latest
from process.access.viewer import ANALYST, Viewer

__all__ = ["ANALYST", "Answer", "Clinic", "Cohort", "Exported", "Latest", "Lease", "Records", "Stamp", "Viewer", "open_records"]
