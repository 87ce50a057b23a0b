-- Rated goals of the current set by attended session, and those at the expected level or better, apart by $apart_by: modality, problem, or who set the
-- goal. A level is carried for at most $carried_sessions attended sessions after it was rated.
with rated_goals as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        goal_sessions.attended_rank as session,
        case cast($apart_by as string)
            when 'modality' then coalesce(course_facts.modality, 'not recorded')
            when 'problem' then coalesce(course_facts.problem, 'not recorded')
            when 'set by' then goal_facts.set_by
        end as part,
        goal_sessions.level
    from cohort
    inner join course_facts on course_facts.course_id = cohort.course_id
    inner join goal_sessions on goal_sessions.course_id = cohort.course_id
    inner join goal_facts on goal_facts.goal_id = goal_sessions.goal_id
    where
        goal_sessions.scale = 'gas'
        and goal_sessions.attended_rank >= 1
        and goal_sessions.sessions_since_rating <= $carried_sessions
)

select
    length,
    therapist_id,
    cluster_id,
    session,
    part,
    count(*) as goals,
    count(*) filter (where level >= 0) as attained,
    count(distinct course_id) as courses
from rated_goals
group by length, therapist_id, cluster_id, session, part
