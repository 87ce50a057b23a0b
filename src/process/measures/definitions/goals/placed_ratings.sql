-- Every rating of a goal while it belongs to the current set, on the attended axis, by goal, session and voice (the patient's, then the joint one, then the
-- therapist's): what is compared to tell whether goals move.
select
    goals.course_id,
    goal_ratings.goal_id,
    attended.attended_rank,
    case goal_ratings.rater when 'patient' then 1 when 'both' then 2 else 3 end as voice,
    goal_ratings.level
from goal_ratings
inner join goals on goals.goal_id = goal_ratings.goal_id
inner join attended on attended.course_id = goals.course_id and attended.session_number = goal_ratings.session_number
where
    goal_ratings.level is not null
    and goal_ratings.session_number >= goals.agreed_session
    and (goals.closed_session is null or goal_ratings.session_number <= goals.closed_session)
order by goal_ratings.goal_id, attended.attended_rank, voice
