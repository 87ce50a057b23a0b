-- Rated goals of the current set by attended sessions still to come (0 = the last session), courses that have ended only, and those at the expected level
-- or better. A level is carried for at most $carried_sessions attended sessions after it was rated.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    course_facts.completed - goal_sessions.attended_rank as sessions_left,
    count(*) as goals,
    count(*) filter (where goal_sessions.level >= 0) as attained,
    count(distinct cohort.course_id) as courses
from cohort
inner join course_facts on course_facts.course_id = cohort.course_id
inner join goal_sessions on goal_sessions.course_id = cohort.course_id
where
    course_facts.completed is not null
    and goal_sessions.scale = 'gas'
    and goal_sessions.attended_rank >= 1
    and goal_sessions.sessions_since_rating <= $carried_sessions
    and course_facts.completed - goal_sessions.attended_rank <= $shown_sessions
group by cohort.length, cohort.therapist_id, cohort.cluster_id, course_facts.completed - goal_sessions.attended_rank
