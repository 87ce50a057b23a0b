-- Attended sessions in the cohort: how many, for how many it is recorded whether somebody looked for a rupture, in how many somebody looked,
-- how many without the patient's alliance score.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(*) as sessions,
    count(*) filter (where attended.rupture_reviewed is not null) as told,
    count(*) filter (where attended.rupture_reviewed <> 'no') as reviewed,
    count(*) filter (where alliance_scores.course_id is null) as unrated
from cohort
inner join attended on attended.course_id = cohort.course_id and attended.attended_rank >= 1
left join alliance_scores
    on
        alliance_scores.course_id = attended.course_id
        and alliance_scores.attended_rank = attended.attended_rank
        and alliance_scores.rater = 'patient'
group by cohort.length, cohort.therapist_id, cohort.cluster_id
