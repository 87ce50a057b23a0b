-- Sessions with a rupture on record and sessions like them, as for the comparison of the alliance after them, one row each: the fall from baseline in that
-- session, the attended sessions that followed, and how the course ended if it has.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    session_windows.attended_rank,
    session_windows.has_rupture,
    session_windows.baseline - session_windows.onset as fall,
    cohort.so_far - session_windows.attended_rank as sessions_after,
    case when course_facts.ended then course_facts.ending end as ending
from cohort
inner join course_facts on course_facts.course_id = cohort.course_id
inner join session_windows on session_windows.course_id = cohort.course_id
order by cohort.length, cohort.course_id, session_windows.attended_rank
