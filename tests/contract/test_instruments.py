"""The registry says of every form who answers it, its range and its direction, and where each number comes from."""

import re
from dataclasses import replace

import pytest
from tests.conftest import ROOT

from process.contract import instruments
from process.contract.instrument_page import page
from process.errors import FileMissing, SettingWrong
from process.measures import change

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
oq_45    standard    patient    outcome    0 180  lower_is_better
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


# MEASURES.md, section 1: reliable change (default first) and cut-off; "-" = no number with a source
YARDSTICKS = """
phq_9    6       10
gad_7    4       8
core_10  5,6     11,13
ors      5,6.6   25
oq_45    14      64
gbo      3       -
srs      -       36
gas      -       -
wai_sr   -       -
wai_srt  -       -
"""


@pytest.mark.parametrize("row", YARDSTICKS.split("\n")[1:-1], ids=lambda row: row.split()[0])
def test_each_instrument_has_its_reliable_change_and_cut_off_and_keeps_both_where_sources_differ(row):
    instrument, changes, cutoffs = row.split()
    wanted = [[] if text == "-" else [float(number) for number in text.split(",")] for text in (changes, cutoffs)]
    for form in [entry for entry in instruments.registry() if entry.instrument == instrument]:
        for found, numbers, default in ((form.reliable_changes, wanted[0], form.reliable_change), (form.cutoffs, wanted[1], form.cutoff)):
            assert [entry.value for entry in found] == numbers
            assert [entry.default for entry in found] == [place == 0 for place in range(len(numbers))]
            assert default == (numbers[0] if numbers else None)
            assert all(len(entry.source) > 20 for entry in found)


def test_the_patients_alliance_form_has_its_three_subscales_of_four_items():
    for name in ("5_point", "7_point"):
        parts = {part.name: part.items for part in instruments.form("wai_sr", name).subscales}
        assert parts == {"task": (1, 2, 10, 12), "goal": (4, 6, 8, 11), "bond": (3, 5, 7, 9)}


@pytest.mark.parametrize("form", instruments.registry(), ids=lambda form: f"{form.instrument} {form.form}")
def test_every_number_has_a_source_and_what_is_not_known_is_left_out(form):
    said = dict(form.sources)
    numbers = {name for name in instruments.REFERENCE if getattr(form, name) is not None}
    assert set(said) == {"items", "minimum", "maximum", "priority"} | numbers
    assert all(len(source) > 10 for source in said.values())
    assert not form.own


def test_reliable_change_is_worked_out_from_sd_and_reliability_only_where_no_threshold_is_published():
    form = replace(instruments.form("phq_9", "standard"), reliable_changes=())

    assert form.change_rule == "jacobson_truax"
    assert float(change.reliable_change(0, form.reliable_change, form.clinical_sd, form.reliability)) == pytest.approx(change.CRITICAL)
    assert instruments.form("phq_9", "standard").change_rule == "published"
    assert replace(form, clinical_sd=None).reliable_change is None


def test_no_two_alliance_forms_of_one_rater_claim_the_same_priority():
    alliance = instruments.table().query("construct == 'alliance'")

    assert not alliance.duplicated(["rater", "priority"]).any()


def test_the_stored_table_has_the_columns_that_summaries_read():
    stored = instruments.table()

    assert tuple(stored.columns) == instruments.COLUMNS
    assert {"minimum", "maximum", "direction", "priority", "cutoff", "reliable_change", "change_rule", "label"} <= set(stored.columns)
    assert stored.set_index("label").loc["SRS", ["cutoff", "reliable_change"]].tolist() == pytest.approx([36, float("nan")], nan_ok=True)


@pytest.mark.parametrize(
    ("instrument", "form", "said"),
    [("wai_ser", "5_point", "`wai_sr`"), ("wai_sr", "5_points", "`5_point`"), ("wai_sr", "thirty", "Known are")],
)
def test_an_unknown_form_is_refused_by_name_with_the_nearest(instrument, form, said):
    with pytest.raises(SettingWrong, match=said):
        instruments.form(instrument, form)


GOOD = """
id = "our_mood"
name = "Our mood questionnaire"
construct = "outcome"
rater = "patient"
direction = "lower_is_better"
items = { value = 8, source = "our handbook, 2024" }

[[forms]]
form = "standard"
label = "Mood-8"
minimum = { value = 0, source = "8 items rated 0 to 4" }
maximum = { value = 32, source = "8 items rated 0 to 4" }

[[forms.cutoff]]
value = 12
source = "convention of our clinic"
"""
TWO_CHANGES = "\n".join(f'[[forms.reliable_change]]\nvalue = {value}\nsource = "our own sample of 2024"' for value in (5, 6))
WRONG = [
    # what stands in the file instead of what, and what is said
    ("items = {", "itmes = {", "field `itmes`: is not a field of it. Did you mean `items`"),
    ('construct = "outcome"', 'construct = "mood"', "field `construct`: allowed: `alliance`, `outcome`, `goal`"),
    ('rater = "patient"', "", "field `rater`: is missing; allowed: `patient`, `therapist`, `observer`"),
    ('direction = "lower_is_better"', 'direction = "down"', "field `direction`: allowed: `higher_is_better`, `lower_is_better`"),
    ('id = "our_mood"', 'id = "Our Mood"', "field `id`: allowed: a small letter or digit"),
    ('label = "Mood-8"', 'label = "<b>"', "field `label`: allowed: up to 40"),
    ('"8 items rated 0 to 4" }\nmaximum', '"?" }\nmaximum', "field `minimum`: has no source"),
    ("minimum = { value = 0", "minimum = { value = 40", "field `minimum`: is 40; it must be below `maximum`, which is 32"),
    ("minimum = { value = 0", 'minimum = { value = "0"', "field `minimum`: its `value` must be a number"),
    ("{ value = 8,", "{ value = 0,", "field `items`: is 0; allowed is 1 and more"),
    ("value = 12", "value = 99", "field `cutoff`: is 99; allowed is 0 to 32"),
    ("[[forms.cutoff]]", TWO_CHANGES + "\n[[forms.cutoff]]", "field `reliable_change`: has 2 values; exactly one"),
    ("[[forms.cutoff]]", "[forms.cutoff]", "field `cutoff`: is written as one or several"),
    ("[[forms]]", "[[form]]", "field `form`: is not a field of it. Did you mean `forms`"),
    ("[[forms]]", '[[forms]]\nreliability = { value = 1.0, source = "our own retest" }', "field `reliability`: is 1; allowed is 0 to 0.999"),
    ("[[forms]]", "[[forms", "is not TOML"),
]


def folder_with(tmp_path, text, name="mood.toml"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_clinics_own_file_needs_little_and_comes_after_what_ships(tmp_path):
    (form,) = instruments.added(folder_with(tmp_path, GOOD))

    assert (form.own, form.cutoff, form.reliable_change, form.change_rule) == (True, 12, None, "")
    assert form.priority > max(entry.priority for entry in instruments.registry())
    assert instruments.with_added([form])[-1] == form
    assert instruments.table(instruments.with_added([form])).set_index("label").loc["Mood-8", "own"]


@pytest.mark.parametrize(("instead", "written", "said"), WRONG, ids=[said.split(":")[0] + str(at) for at, (_, _, said) in enumerate(WRONG)])
def test_what_is_wrong_is_told_with_the_file_the_field_and_what_is_allowed(tmp_path, instead, written, said):
    assert instead in GOOD
    with pytest.raises(SettingWrong) as refused:
        instruments.added(folder_with(tmp_path, GOOD.replace(instead, written, 1)))

    assert str(refused.value).startswith("Instrument file `mood.toml`") and said in str(refused.value)


def test_an_id_or_a_label_that_ships_is_refused(tmp_path):
    with pytest.raises(SettingWrong, match="`phq_9` ships with this product"):
        instruments.added(folder_with(tmp_path, GOOD.replace("our_mood", "phq_9")))
    with pytest.raises(SettingWrong, match="label `phq-9`"):
        instruments.with_added(instruments.added(folder_with(tmp_path, GOOD.replace("Mood-8", "phq-9"))))


def test_a_folder_without_instrument_files_is_told(tmp_path):
    with pytest.raises(FileMissing, match="no folder with instrument files"):
        instruments.added(tmp_path)


def test_the_page_of_instruments_holds_every_number_with_its_source():
    docs = (ROOT / "docs" / "instruments.md").read_text("utf-8")

    assert docs.endswith(page(instruments.registry()))


def test_the_example_on_the_page_of_instruments_is_a_file_that_is_taken(tmp_path):
    docs = (ROOT / "docs" / "instruments.md").read_text("utf-8")
    (form,) = instruments.added(folder_with(tmp_path, re.search(r"```toml\n(.*?)```", docs, re.DOTALL)[1]))

    # 1.96 sqrt(2) 6.2 sqrt(1 - .86)
    assert form.change_rule == "jacobson_truax" and form.reliable_change == pytest.approx(6.43, abs=0.005)
    assert form.cutoff == 12 and form.subscales[0].items == (2, 5)
