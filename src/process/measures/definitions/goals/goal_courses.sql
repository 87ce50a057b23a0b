-- Goals ever agreed, on either scale, and the courses that have one.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(*) as goals,
    count(distinct cohort.course_id) as courses
from cohort
inner join goal_facts on goal_facts.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id
