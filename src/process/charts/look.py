"""Colours, dashes and type that every figure shares (Okabe–Ito; orange, sky blue and yellow only as fills; colour never stands alone)."""

INK = "#1f2933"
FAINT = "#5b6b7b"
RULE = "#d5dbe1"
BLUE = "#0072b2"
GREEN = "#00795c"
VERMILLION = "#c04d00"
PURPLE = "#9b3d8f"
SHADE = "#eef1f4"
FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"

LEVEL_FILLS = {"-2": "#8d99a6", "-1": "#c3ccd5", "0": "#a9d4c7", "1": "#52ae95", "2": "#00795c", "not_rated": "#f3ecd9"}
LEVEL_NAMES = {
    "-2": "much less than expected",
    "-1": "less than expected",
    "0": "as expected",
    "1": "more than expected",
    "2": "much more than expected",
    "not_rated": "not rated lately",
}
ENDING_NAMES = {
    "still_going": "still going",
    "planned": "planned ending",
    "patient_stopped": "patient stopped",
    "therapist_ended": "therapist ended",
    "moved_on": "moved on",
    "unknown": "not recorded",
}
GAP_NAMES = {"under": "under 15 days", "between": "15 to 29 days", "more": "30 days and more", "unknown": "not known"}
DROPOUT_NAMES = {
    "patient_stopped": "patient stopped, as recorded",
    "before_agreed": "fewer sessions than agreed",
    "missed_last": "last appointment missed",
    "below_median": "fewer than the clinic's median",
    "early": "three sessions or fewer",
}
BASIS_NAMES = {"completed": "completed", "so_far": "so far", "planned": "planned"}
