-- Recorded ruptures in the cohort: how many, how many of them repaired, how many without a place on the axis or a baseline.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(*) as ruptures,
    count(*) filter (where rupture_facts.repaired) as repaired,
    count(*) filter (where rupture_facts.onset_rank is null) as not_placed,
    count(*) filter (where rupture_facts.onset_rank is not null and rupture_facts.baseline is null) as without_baseline,
    count(distinct cohort.course_id) as courses
from cohort
inner join rupture_facts on rupture_facts.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id
