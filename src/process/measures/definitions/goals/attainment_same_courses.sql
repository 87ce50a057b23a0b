-- Rated goals of the current set by attended session, and those at the expected level or better, with how far their courses have come, so that the same
-- courses can be followed throughout. A level is carried for at most $carried_sessions attended sessions after it was rated.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.so_far,
    goal_sessions.attended_rank as session,
    count(*) as goals,
    count(*) filter (where goal_sessions.level >= 0) as attained,
    count(distinct cohort.course_id) as courses
from cohort
inner join goal_sessions on goal_sessions.course_id = cohort.course_id
where
    goal_sessions.scale = 'gas'
    and goal_sessions.attended_rank >= 1
    and goal_sessions.sessions_since_rating <= $carried_sessions
group by cohort.length, cohort.therapist_id, cohort.cluster_id, cohort.so_far, goal_sessions.attended_rank
