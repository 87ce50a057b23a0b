-- The patient's alliance around recorded ruptures as change from the baseline before them, apart by its kind: ruptures and total
-- change by length and by offset in attended sessions (0 = the session in which the rupture showed).
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    rupture_facts.kind,
    alliance_scores.attended_rank - rupture_facts.onset_rank as distance,
    count(*) as ruptures,
    sum(alliance_scores.pomp - rupture_facts.baseline) as total,
    count(distinct cohort.course_id) as courses
from cohort
inner join rupture_facts on rupture_facts.course_id = cohort.course_id
inner join alliance_scores
    on
        alliance_scores.course_id = rupture_facts.course_id
        and alliance_scores.rater = 'patient'
        and alliance_scores.attended_rank >= 1
        and alliance_scores.attended_rank between rupture_facts.onset_rank - $sessions_before and rupture_facts.onset_rank + $sessions_after
where rupture_facts.baseline is not null
group by 1, 2, 3, 4, 5
