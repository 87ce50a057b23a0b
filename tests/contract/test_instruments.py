"""The registry says of every form who answers it, its range and its direction, and where each number comes from."""

import pytest

from process.contract import instruments
from process.errors import SettingWrong

RANGES = """
wai_sr   5_point     patient    alliance  12  60  higher_is_better
wai_sr   7_point     patient    alliance  12  84  higher_is_better
wai_srt  7_point     therapist  alliance  10  70  higher_is_better
wai_srt  7_point_12  therapist  alliance  12  84  higher_is_better
srs      standard    patient    alliance   0  40  higher_is_better
ors      standard    patient    outcome    0  40  higher_is_better
phq_9    standard    patient    outcome    0  27  lower_is_better
gad_7    standard    patient    outcome    0  21  lower_is_better
core_10  standard    patient    outcome    0  40  lower_is_better
gbo      standard    patient    goal       0  10  higher_is_better
gas      standard    patient    goal      -2   2  higher_is_better
"""


@pytest.mark.parametrize("row", RANGES.split("\n")[1:-1], ids=lambda row: "-".join(row.split()[:2]))
def test_each_form_has_its_range_rater_and_direction(row):
    instrument, name, rater, construct, low, high, direction = row.split()

    form = instruments.form(instrument, name)

    assert (form.rater, form.construct, form.minimum, form.maximum, form.direction) == (rater, construct, float(low), float(high), direction)


def test_the_registry_holds_these_forms_and_no_other():
    assert len(instruments.registry()) == len(RANGES.strip().split("\n"))


@pytest.mark.parametrize("form", instruments.registry(), ids=lambda form: f"{form.instrument} {form.form}")
def test_every_number_has_a_source(form):
    assert {name for name, source in form.sources if len(source) > 10} == {"items", "minimum", "maximum", "priority"}


def test_no_two_alliance_forms_of_one_rater_claim_the_same_priority():
    alliance = instruments.table().query("construct == 'alliance'")

    assert not alliance.duplicated(["rater", "priority"]).any()


def test_the_stored_table_has_the_columns_that_summaries_read():
    assert tuple(instruments.table().columns) == ("instrument", "form", "construct", "rater", "minimum", "maximum", "direction", "priority")


@pytest.mark.parametrize(
    ("instrument", "form", "said"),
    [("wai_ser", "5_point", "`wai_sr`"), ("wai_sr", "5_points", "`5_point`"), ("wai_sr", "thirty", "Known are")],
)
def test_an_unknown_form_is_refused_by_name_with_the_nearest(instrument, form, said):
    with pytest.raises(SettingWrong, match=said):
        instruments.form(instrument, form)


INCOMPLETE = [
    ('id = "x"', "forms"),
    ('id="x"\nname="X"\nconstruct="alliance"\nrater="patient"\ndirection="higher_is_better"\n[[forms]]\nform="a"', "`items` has no source"),
    (
        'id="x"\nname="X"\nconstruct="mood"\nrater="patient"\ndirection="higher_is_better"\n[[forms]]\nform="a"\n'
        + "\n".join(f'{name} = {{ value = {value}, source = "tests" }}' for name, value in (("items", 4), ("minimum", 0), ("maximum", 9), ("priority", 1))),
        "`construct` is one of",
    ),
]


@pytest.mark.parametrize(("text", "said"), INCOMPLETE)
def test_a_file_that_is_not_complete_is_named_with_what_it_lacks(tmp_path, monkeypatch, text, said):
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(instruments, "folder", lambda *parts: tmp_path)

    with pytest.raises(SettingWrong, match=f"`x.toml` is not complete.*{said}"):
        instruments.registry.__wrapped__()
