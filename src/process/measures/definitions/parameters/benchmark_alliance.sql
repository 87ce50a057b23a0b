-- Course by course and attended session: the patient's alliance score (POMP), as the curve by session has it.
select
    course_id,
    'patient' as "group",
    attended_rank as point,
    max(pomp) as part,
    cast(1 as double) as whole
from alliance_scores
where rater = 'patient' and attended_rank in (3, 8, 16, 30) and pomp is not null
group by course_id, attended_rank
