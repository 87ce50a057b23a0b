-- Replaced goals on goal attainment scaling by the level they had when they were replaced; a level more than $carried_sessions attended sessions old no
-- longer counts.
with closed_goals as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        case
            when goal_facts.last_level is not null and goal_facts.last_level_age <= $carried_sessions then cast(goal_facts.last_level as string)
            else 'not_rated'
        end as level
    from cohort
    inner join goal_facts on goal_facts.course_id = cohort.course_id
    where goal_facts.scale = 'gas' and goal_facts.fate = 'replaced'
)

select
    length,
    therapist_id,
    cluster_id,
    level,
    count(*) as goals,
    count(distinct course_id) as courses
from closed_goals
group by length, therapist_id, cluster_id, level
