"""After a change of policy from weeks to quarters nothing is added to records that still hold weeks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests import clinics
from tests.loading.test_commands import MANIFEST, delivery

from process import store
from process.errors import SettingWrong
from process.intake.codes.surrogates import disguise
from process.intake.codes.table import Codes
from process.loading.coarse import refuse_mixed_dates
from process.loading.load import Wishes, load
from process.loading.served import Served
from process.measures.publishing import publish


@pytest.mark.parametrize("held", ["week", "quarter"])
def test_adding_to_weeks_is_refused_under_a_policy_of_quarters_and_nothing_else(tmp_path, held):
    records, _ = disguise(clinics.counted(("t", 2, 3)), Codes.new(), SimpleNamespace(dates=held))
    refuse_mixed_dates(Served(tmp_path / "store"), "quarter", "add")  # nothing is there yet
    publish(tmp_path / "store", records)

    for dates, mode in (("week", "add"), ("quarter", "replace")):
        refuse_mixed_dates(Served(tmp_path / "store"), dates, mode)
    for mode in ("add", "correct"):
        if held == "week":
            with pytest.raises(SettingWrong, match=f"hold weeks. Load everything once, without `--{mode}`"):
                refuse_mixed_dates(Served(tmp_path / "store"), "quarter", mode)
        else:
            refuse_mixed_dates(Served(tmp_path / "store"), "quarter", mode)


DATED = {
    "manifest": MANIFEST,
    "courses": "course_id,patient_id,therapist_id,start_week,ending\nc1,p1,t1,2026-01-05,unknown\n",
    "sessions": "course_id,session_number,week,day,attendance\nc1,1,2026-01-05,0,attended\n",
}
NEXT = {
    "manifest": MANIFEST.replace("03-31", "04-07"),
    "sessions": "course_id,session_number,week,day,attendance\nc1,2,2026-01-12,7,attended\n",
}


def policy(folder, **settings: str):
    path = folder / "policy.toml"
    path.write_text("".join(f'{name} = "{value}"\n' for name, value in settings.items()))
    return path


def test_a_change_from_quarters_to_weeks_is_refused_for_a_part_and_said_for_everything(tmp_path):
    everything, week = delivery(tmp_path / "everything", **DATED), delivery(tmp_path / "week", **NEXT)
    load(tmp_path / "store", [everything], Wishes(policy=policy(tmp_path, dates="quarter")))

    for mode in ("add", "correct"):
        with pytest.raises(SettingWrong, match=f"some courses would become more exact than the others. Load everything once, without `--{mode}`"):
            load(tmp_path / "store", [week], Wishes(mode=mode, policy=policy(tmp_path, dates="week")))
    checked = load(tmp_path / "store", [everything], Wishes(policy=policy(tmp_path, dates="week")), check=True)
    assert any("Dates become more exact" in told for told in checked.told)
    done = load(tmp_path / "store", [everything], Wishes(policy=policy(tmp_path, dates="week")))
    assert any("Dates become more exact" in told for told in done.told)
    assert load(tmp_path / "store", [week], Wishes(mode="add")).told == ()


def test_a_course_that_the_policy_made_coarser_may_be_handed_over_again_with_what_is_new(tmp_path):
    header = "course_id,patient_id,therapist_id,team,ending\n"
    courses = header + "".join(f"c{n},p{n},t1,{'North' if n else 'Harbour'},unknown\n" for n in range(7))
    sessions = "course_id,session_number,attendance\n" + "".join(f"c{n},1,attended\n" for n in range(7))
    load(
        tmp_path / "store", [delivery(tmp_path / "all", manifest=MANIFEST, courses=courses, sessions=sessions)], Wishes(policy=policy(tmp_path, rare="coarsen"))
    )
    more = f"{header}c0,p0,t1,Harbour,unknown\nc7,p7,t1,North,unknown\n"
    new = {"manifest": NEXT["manifest"], "courses": more, "sessions": "course_id,session_number,attendance\nc7,1,attended\n"}

    done = load(tmp_path / "store", [delivery(tmp_path / "week", **new)], Wishes(mode="add"))

    assert (done.changes.table("courses").added, done.changes.table("courses").unchanged, done.changes.table("courses").corrected) == (1, 1, 0)
    assert any("attributes stay empty, by the clinic's policy" in note.what and note.count == 1 for note in done.report.notes)
    with store.DuckDBEngine.open(store.current(tmp_path / "store")) as engine:
        assert set(engine.query("select distinct team from courses")["team"].fillna("")) == {"", "North"}
