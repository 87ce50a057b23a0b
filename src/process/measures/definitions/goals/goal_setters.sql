-- Goals ever agreed, on either scale, by who set them.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    goal_facts.set_by,
    count(*) as goals,
    count(distinct cohort.course_id) as courses
from cohort
inner join goal_facts on goal_facts.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id, goal_facts.set_by
