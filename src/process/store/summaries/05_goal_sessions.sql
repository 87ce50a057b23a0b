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

first_ratings as (
    select
        goal_id,
        session_number,
        min_by(rater, case rater when 'patient' then 1 when 'both' then 2 else 3 end) as rater,
        min_by(level, case rater when 'patient' then 1 when 'both' then 2 else 3 end) as level
    from goal_ratings
    where level is not null
    group by goal_id, session_number
),

rated_goals as (
    select
        goals_in_set.goal_id,
        goals_in_set.course_id,
        goals_in_set.scale,
        goals_in_set.attended_rank,
        first_ratings.rater,
        first_ratings.level,
        case when first_ratings.level is not null then goals_in_set.attended_rank end as rated_rank
    from goals_in_set
    left join first_ratings on first_ratings.goal_id = goals_in_set.goal_id and first_ratings.session_number = goals_in_set.session_number
)

select
    course_id,
    goal_id,
    scale,
    attended_rank,
    last_value(level ignore nulls) over so_far as level,
    last_value(rater ignore nulls) over so_far as rater,
    attended_rank - max(rated_rank) over so_far as sessions_since_rating
from rated_goals
window so_far as (partition by goal_id order by attended_rank rows between unbounded preceding and current row)
