-- Course by course and attended session: rated goals of the current set, and those at the expected level or better, as the attainment curve counts them.
select
    goal_sessions.course_id,
    '' as "group",
    goal_sessions.attended_rank as point,
    cast(count(*) filter (where goal_sessions.level >= 0) as double) as part,
    cast(count(*) as double) as whole
from goal_sessions
where goal_sessions.scale = 'gas' and goal_sessions.attended_rank in (3, 8, 16, 30) and goal_sessions.sessions_since_rating <= $carried
group by goal_sessions.course_id, goal_sessions.attended_rank
