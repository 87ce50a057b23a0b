-- Rated goals of the current set by attended session and by who set the goal, and those at the expected level or better. A level is carried for at most
-- $carried_sessions attended sessions after it was rated.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    goal_sessions.attended_rank as session,
    goal_facts.set_by,
    count(*) as goals,
    count(*) filter (where goal_sessions.level >= 0) as attained,
    count(distinct cohort.course_id) as courses
from cohort
inner join goal_sessions on goal_sessions.course_id = cohort.course_id
inner join goal_facts on goal_facts.goal_id = goal_sessions.goal_id
where
    goal_sessions.scale = 'gas'
    and goal_sessions.attended_rank >= 1
    and goal_sessions.sessions_since_rating <= $carried_sessions
group by cohort.length, cohort.therapist_id, cohort.cluster_id, goal_sessions.attended_rank, goal_facts.set_by
