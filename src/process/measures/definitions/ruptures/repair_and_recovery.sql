-- Recorded ruptures by two facts at once: whether the two repaired it, and whether the patient's score came back; a row a course and group.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    concat(
        case when rupture_facts.repaired then 'repaired' else 'not_repaired' end,
        case
            when rupture_recovery.fell is null then '_not_scored'
            when not rupture_recovery.fell then '_never_fell'
            when rupture_recovery.recovered_rank is null then '_not_recovered'
            else '_recovered'
        end
    ) as repair_and_score,
    count(*) as ruptures
from cohort
inner join rupture_facts on rupture_facts.course_id = cohort.course_id
left join rupture_recovery on rupture_recovery.rupture_id = rupture_facts.rupture_id
group by 1, 2, 3, 4, 5
