-- Courses with a stretch that can be judged, and those that were ever in an impasse; judged stretches, and those in which nobody looked for a rupture at
-- least once.
with judged_courses as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        count(*) as stretches,
        sum(impasse_sessions.unreviewed) as unreviewed,
        max(impasse_sessions.impasse) as impasse
    from cohort
    inner join impasse_sessions on impasse_sessions.course_id = cohort.course_id
    group by cohort.length, cohort.therapist_id, cohort.cluster_id, cohort.course_id
)

select
    length,
    therapist_id,
    cluster_id,
    count(*) as courses,
    sum(impasse) as impasses,
    sum(stretches) as stretches,
    sum(unreviewed) as unreviewed
from judged_courses
group by length, therapist_id, cluster_id
