-- Every goal ever agreed, by scale, and what became of those that were closed; only goal attainment scaling has levels that are drawn here.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(*) filter (where goals.scale = 'gas') as gas_goals,
    count(*) filter (where goals.scale = 'gbo') as gbo_goals,
    count(*) filter (where goals.scale = 'gas' and goals.fate = 'reached') as reached_goals,
    count(*) filter (where goals.scale = 'gas' and goals.fate = 'replaced') as replaced_goals,
    count(*) filter (where goals.scale = 'gas' and goals.fate = 'dropped') as dropped_goals
from cohort
inner join goals on goals.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id
