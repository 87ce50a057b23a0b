"""What may be seen and what may leave: the only place where a figure is withheld or rounded. What a therapist is told of the clinic comes to it rounded and
withheld already (`measures.benchmark_rules`), because it is stored so. Policy: docs/operations.md, "What is withheld".
"""

from process.access.disclosure.export import for_export
from process.access.disclosure.limits import MINIMUM_COURSES
from process.access.disclosure.screen import notes_on_screen, on_screen, parameters_on_screen
from process.access.disclosure.together import Frames

__all__ = ["MINIMUM_COURSES", "Frames", "for_export", "notes_on_screen", "on_screen", "parameters_on_screen"]
