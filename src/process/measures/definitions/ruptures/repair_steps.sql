-- How far each recorded rupture came on the way to repair: a row a course, a column a step that some of its ruptures reached. Repaired = a repaired step
-- and an acknowledgement by each of the two; left open = not repaired in a course that has ended.
with steps_reached as (
    select
        rupture_id,
        max(case when step = 'acknowledged' and rupture_steps.by = 'patient' then 1 else 0 end) as by_patient,
        max(case when step = 'acknowledged' and rupture_steps.by = 'therapist' then 1 else 0 end) as by_therapist,
        max(case when step = 'negotiated' then 1 else 0 end) as negotiated,
        max(case when step = 'repaired' then 1 else 0 end) as repaired_step
    from rupture_steps
    group by rupture_id
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    count(*) as noticed,
    sum(coalesce(steps_reached.by_patient, 0)) as acknowledged_by_patient,
    sum(coalesce(steps_reached.by_therapist, 0)) as acknowledged_by_therapist,
    sum(case when steps_reached.by_patient = 1 and steps_reached.by_therapist = 1 then 1 else 0 end) as acknowledged_by_both,
    sum(coalesce(steps_reached.negotiated, 0)) as negotiated,
    sum(coalesce(steps_reached.repaired_step, 0)) as repaired_step,
    sum(case when rupture_facts.repaired then 1 else 0 end) as repaired,
    sum(case when not rupture_facts.repaired and course_facts.ended then 1 else 0 end) as left_open,
    sum(case when not rupture_facts.repaired and not course_facts.ended then 1 else 0 end) as still_open
from cohort
inner join rupture_facts on rupture_facts.course_id = cohort.course_id
inner join course_facts on course_facts.course_id = cohort.course_id
left join steps_reached on steps_reached.rupture_id = rupture_facts.rupture_id
group by 1, 2, 3, 4
