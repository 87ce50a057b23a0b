-- The early level of every course whose match window is over (three attended sessions or more, or ended): the mean of the patient's scores in sessions 1 to 3,
-- rounded as where it is compared, so that equal levels fall on the same side of an edge.
select
    alliance_scores.course_id,
    course_facts.therapist_id,
    round(avg(alliance_scores.pomp), 6) as level
from alliance_scores
inner join course_facts on course_facts.course_id = alliance_scores.course_id
where
    alliance_scores.rater = 'patient'
    and alliance_scores.attended_rank between 1 and 3
    and (course_facts.so_far >= 3 or course_facts.ended)
group by alliance_scores.course_id, course_facts.therapist_id
order by alliance_scores.course_id
