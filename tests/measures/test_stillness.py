"""Sessions of many courses at once against one course after the other in plain Python."""

from __future__ import annotations

import numpy as np
import pandas as pd

from process.measures.stillness import _earlier, _movements


def test_the_mean_of_earlier_scores_never_holds_the_session_itself_nor_another_course():
    rng = np.random.default_rng(5)
    lengths = [1, 7, 3, 12, 1]
    score = np.where(rng.random(sum(lengths)) < 0.3, np.nan, rng.uniform(0, 100, sum(lengths)))
    begin = np.concatenate([[0], np.cumsum(lengths)[:-1]])

    mean, number = _earlier(score, begin)

    for first, length in zip(begin, lengths, strict=True):
        for place in range(length):
            before = [one for one in score[first : first + place] if one == one]
            assert number[first + place] == len(before)
            np.testing.assert_allclose(mean[first + place], sum(before) / len(before) if before else np.nan, rtol=1e-12)


def test_a_movement_is_the_first_voice_against_its_own_last_rating():
    rows = [
        # goal, session, voice, level
        ("A", 0, 1, 0),
        ("A", 1, 1, 1),  # moved: the patient's own 0 before
        ("A", 1, 3, 0),
        ("A", 2, 3, 0),  # not moved: the therapist's own 0 before, whatever the patient said
        ("A", 3, 2, 2),  # nothing to compare with
        ("B", 1, 1, 2),  # another goal
        ("B", 2, 1, 2),
    ]
    ratings = pd.DataFrame(rows, columns=["goal_id", "attended_rank", "voice", "level"]).assign(course_id="C")

    found = _movements(ratings)

    assert found[["attended_rank", "moved"]].values.tolist() == [[1, True], [2, False], [2, False]]
