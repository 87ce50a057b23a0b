-- How long each course had a goal that was still waiting: courses by the longest wait among their goals.
with longest_waits as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        max(least(goal_facts.waited, $horizon + 1)) as waited
    from cohort
    inner join goal_facts on goal_facts.course_id = cohort.course_id
    group by cohort.length, cohort.therapist_id, cohort.cluster_id, cohort.course_id
)

select
    length,
    therapist_id,
    cluster_id,
    waited,
    count(*) as courses
from longest_waits
group by length, therapist_id, cluster_id, waited
