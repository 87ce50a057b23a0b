-- One row a goal and attended session in which it belongs to the current set: from the session it was agreed in to the one it was closed in, or to
-- the course's last attended session. `level` is the last rating so far (the patient's, else the joint one, else the therapist's) and
-- `sessions_since_rating` says how many attended sessions old it is; both are missing before the first rating.
with goals_in_set as (
    select
        goals.goal_id,
        goals.course_id,
        goals.scale,
        attended.session_number,
        attended.attended_rank
    from goals
    inner join attended
        on
            attended.course_id = goals.course_id
            and attended.session_number >= goals.agreed_session
            and (goals.closed_session is null or attended.session_number <= goals.closed_session)
),

ordered_ratings as (
    select
        goal_id,
        session_number,
        rater,
        level,
        row_number() over (
            partition by goal_id, session_number
            order by case rater when 'patient' then 1 when 'both' then 2 else 3 end
        ) as place
    from goal_ratings
    where level is not null
),

rated_goals as (
    select
        goals_in_set.goal_id,
        goals_in_set.course_id,
        goals_in_set.scale,
        goals_in_set.attended_rank,
        ordered_ratings.rater,
        ordered_ratings.level
    from goals_in_set
    left join ordered_ratings
        on
            ordered_ratings.goal_id = goals_in_set.goal_id
            and ordered_ratings.session_number = goals_in_set.session_number
            and ordered_ratings.place = 1
),

dated_goals as (
    select
        goal_id,
        course_id,
        scale,
        attended_rank,
        max(case when level is not null then attended_rank end) over (
            partition by goal_id order by attended_rank
            rows between unbounded preceding and current row
        ) as rated_rank
    from rated_goals
)

select
    dated_goals.course_id,
    dated_goals.goal_id,
    dated_goals.scale,
    dated_goals.attended_rank,
    rated_goals.level,
    rated_goals.rater,
    dated_goals.attended_rank - dated_goals.rated_rank as sessions_since_rating
from dated_goals
left join rated_goals
    on rated_goals.goal_id = dated_goals.goal_id and rated_goals.attended_rank = dated_goals.rated_rank
