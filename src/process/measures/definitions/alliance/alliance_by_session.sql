-- Alliance scores (POMP) by attended session and voice: the patient's, the therapist's, and patient minus therapist where both scored the same session.
with voices as (
    select
        course_id,
        attended_rank,
        max(case when rater = 'patient' then pomp end) as patient,
        max(case when rater = 'therapist' then pomp end) as therapist
    from alliance_scores
    where attended_rank >= 1
    group by course_id, attended_rank
),

voiced_scores as (
    select course_id, attended_rank, 'patient' as rater, patient as score from voices
    union all
    select course_id, attended_rank, 'therapist' as rater, therapist as score from voices
    union all
    select course_id, attended_rank, 'gap' as rater, patient - therapist as score from voices
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    voiced_scores.attended_rank as session,
    voiced_scores.rater,
    count(*) as scores,
    sum(voiced_scores.score) as total
from cohort
inner join voiced_scores on voiced_scores.course_id = cohort.course_id
where voiced_scores.score is not null
group by cohort.length, cohort.therapist_id, cohort.cluster_id, voiced_scores.attended_rank, voiced_scores.rater
