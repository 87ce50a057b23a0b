-- Possible ruptures by the rule drop_1sd, one row each: how many sessions they lasted, from the first low score up to the return or to the last score.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    cast(dips.length as double) as size
from cohort
inner join dips on dips.course_id = cohort.course_id
where dips.rule = 'drop_1sd'
order by cohort.length, cohort.course_id, dips.onset_rank
