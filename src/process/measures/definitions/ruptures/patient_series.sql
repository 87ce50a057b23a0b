-- The patient's alliance score of every attended session, course by course in order, with the form it was rated on.
select
    course_id,
    attended_rank,
    instrument,
    form,
    pomp
from alliance_scores
where rater = 'patient' and attended_rank >= 1
order by course_id, attended_rank
