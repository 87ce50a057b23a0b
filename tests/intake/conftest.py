"""A small clinic's files that intake takes, to be spoilt one at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

SOUND = {
    "manifest": "as_of,clinic,source,origin\n2026-03-31,Clinic A,export 1,simulated\n",
    "courses": "course_id,patient_id,therapist_id,team,start_week,ending\nc1,p1,t1,North,2026-01-05,still_going\nc2,p2,t2,,,unknown\n",
    "sessions": "course_id,session_number,week,day,attendance,rupture_reviewed\nc1,1,2026-01-05,0,attended,no\nc1,2,2026-01-12,7,attended,both\n"
    "c1,3,2026-01-19,14,missed,\nc2,1,,,attended,\n",
    "scores": "course_id,session_number,instrument,form,rater,value\nc1,1,srs,standard,patient,31.5\nc1,2,srs,standard,patient,36\n",
    "goals": "goal_id,course_id,scale,set_by,area,agreed_session,closed_session,fate,replaced_by\ng1,c1,gas,both,work,1,2,replaced,g2\n"
    "g2,c1,gas,patient,work,2,,open,\n",
    "goal_reviews": "goal_id,session_number,by,outcome\ng1,2,both,replaced\n",
    "goal_ratings": "goal_id,session_number,rater,level\ng1,1,patient,-1\ng2,2,patient,1\n",
    "ruptures": "rupture_id,course_id,session_number,kind,moved_by,noticed_by,source,intensity\nr1,c1,2,withdrawal,patient,therapist,note,2\n",
    "rupture_steps": "rupture_id,session_number,step,by\nr1,2,acknowledged,therapist\nr1,3,repaired,patient\n",
}


@pytest.fixture
def clinic(tmp_path: Path):
    """Write the small clinic's files, some tables replaced by other text (or bytes), and give their folder."""

    def write(**spoilt: str | bytes) -> Path:
        folder = tmp_path / "delivery"
        folder.mkdir(exist_ok=True)
        for name, text in (SOUND | spoilt).items():
            (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder

    return write
