-- Courses by attended session at which the stretch that ends there can be judged, and those in an impasse. The stretches are worked out when the records
-- are loaded, because the usual band of the alliance rests on a clinic-wide parameter.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    impasse_sessions.attended_rank as session,
    count(*) as courses,
    sum(impasse_sessions.impasse) as impasses
from cohort
inner join impasse_sessions on impasse_sessions.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id, impasse_sessions.attended_rank
