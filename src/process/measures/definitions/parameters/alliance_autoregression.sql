-- Every alliance score of the patient on the attended axis, with its course's therapist, and whether the course had a rupture on record by then.
with first_ruptures as (
    select
        course_id,
        min(onset_rank) as onset_rank
    from rupture_facts
    where onset_rank is not null
    group by course_id
)

select
    alliance_scores.course_id,
    course_facts.therapist_id,
    alliance_scores.attended_rank,
    alliance_scores.pomp,
    coalesce(alliance_scores.attended_rank >= first_ruptures.onset_rank, false) as after_rupture
from alliance_scores
inner join course_facts on course_facts.course_id = alliance_scores.course_id
left join first_ruptures on first_ruptures.course_id = alliance_scores.course_id
where alliance_scores.rater = 'patient' and alliance_scores.attended_rank >= 1
order by alliance_scores.course_id, alliance_scores.attended_rank
