-- Recorded ruptures with a place on the attended axis, one row each: attended sessions from the rupture to its repair, to the course's end, or to date.
-- fate is missing where the course is still going or its ending unknown. A repair after the last attended session counts at that session.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    case
        when not rupture_facts.repaired then cohort.so_far - rupture_facts.onset_rank
        else greatest(coalesce(rupture_facts.repaired_rank, cohort.so_far) - rupture_facts.onset_rank, 0)
    end as waited,
    case when rupture_facts.repaired then 'repaired' when course_facts.ended then 'ended' end as fate
from cohort
inner join rupture_facts on rupture_facts.course_id = cohort.course_id
inner join course_facts on course_facts.course_id = cohort.course_id
where rupture_facts.onset_rank is not null
order by cohort.length, rupture_facts.rupture_id
