-- The patient's first alliance score of every course on each form (POMP), with its course's therapist.
with ordered_scores as (
    select
        course_id,
        instrument,
        form,
        pomp,
        row_number() over (partition by course_id, instrument, form order by attended_rank) as place
    from alliance_scores
    where rater = 'patient' and attended_rank >= 1
)

select
    concat(ordered_scores.instrument, ' ', ordered_scores.form) as part,
    ordered_scores.course_id,
    course_facts.therapist_id,
    ordered_scores.pomp
from ordered_scores
inner join course_facts on course_facts.course_id = ordered_scores.course_id
where ordered_scores.place = 1
order by part, ordered_scores.course_id
