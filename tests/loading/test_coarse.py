"""After a change of policy from weeks to quarters nothing is added to records that still hold weeks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests import clinics

from process.errors import SettingWrong
from process.intake.codes.surrogates import disguise
from process.intake.codes.table import Codes
from process.loading.coarse import refuse_mixed_dates
from process.measures.publishing import publish


@pytest.mark.parametrize("held", ["week", "quarter"])
def test_adding_to_weeks_is_refused_under_a_policy_of_quarters_and_nothing_else(tmp_path, held):
    records, _ = disguise(clinics.counted(("t", 2, 3)), Codes.new(), SimpleNamespace(dates=held))
    refuse_mixed_dates(tmp_path / "store", "quarter", "add")  # nothing is there yet
    publish(tmp_path / "store", records)

    for dates, mode in (("week", "add"), ("quarter", "replace")):
        refuse_mixed_dates(tmp_path / "store", dates, mode)
    for mode in ("add", "correct"):
        if held == "week":
            with pytest.raises(SettingWrong, match=f"hold weeks. Load everything once, without `--{mode}`"):
                refuse_mixed_dates(tmp_path / "store", "quarter", mode)
        else:
            refuse_mixed_dates(tmp_path / "store", "quarter", mode)
