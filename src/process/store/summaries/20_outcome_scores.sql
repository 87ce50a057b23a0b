-- Outcome scores on the attended axis, in points of their form; session 0 is the intake assessment. Scores of sessions that were not attended have no
-- place on the axis and are left out.
select
    attended.course_id,
    attended.attended_rank,
    scores.instrument,
    scores.form,
    scores.rater,
    scores.value
from scores
inner join instruments
    on instruments.instrument = scores.instrument and instruments.form = scores.form and instruments.rater = scores.rater
inner join attended
    on attended.course_id = scores.course_id and attended.session_number = scores.session_number
where instruments.construct = 'outcome' and scores.value is not null
