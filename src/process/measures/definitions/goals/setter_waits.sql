-- How long each course had a goal of each setter that was still waiting: courses by setter and the longest wait among those goals.
with longest_waits as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        goal_facts.set_by,
        max(least(goal_facts.waited, $reading_session + 1)) as waited
    from cohort
    inner join goal_facts on goal_facts.course_id = cohort.course_id
    group by cohort.length, cohort.therapist_id, cohort.cluster_id, cohort.course_id, goal_facts.set_by
)

select
    length,
    therapist_id,
    cluster_id,
    set_by,
    waited,
    count(*) as courses
from longest_waits
group by length, therapist_id, cluster_id, set_by, waited
