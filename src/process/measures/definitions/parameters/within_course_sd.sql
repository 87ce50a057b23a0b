-- Every alliance score on the attended axis, with its course's therapist.
select
    alliance_scores.rater,
    alliance_scores.course_id,
    course_facts.therapist_id,
    alliance_scores.pomp
from alliance_scores
inner join course_facts on course_facts.course_id = alliance_scores.course_id
where alliance_scores.attended_rank >= 1
order by alliance_scores.rater, alliance_scores.course_id, alliance_scores.attended_rank
