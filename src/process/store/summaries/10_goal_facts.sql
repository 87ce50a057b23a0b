-- One row a goal, on the attended axis. A place is the number of attended sessions (without the intake assessment) up to and including an appointment, so
-- that appointments that did not take place move nothing. `waited` = attended sessions from agreeing to closing, or to the course's last session for an
-- open goal; `touched_rank` = the place of its last rating or review, of its agreement where there is none; `last_level` = the level carried at its last
-- session in the current set, `last_level_age` attended sessions old. A successor in another course is no successor.
with touches as (
    select goal_id, session_number from goal_ratings where level is not null
    union all
    select goal_id, session_number from goal_reviews
),

last_touches as (
    select goal_id, max(session_number) as session_number
    from touches
    group by goal_id
),

last_states as (
    select
        goal_id,
        level,
        sessions_since_rating,
        row_number() over (partition by goal_id order by attended_rank desc) as place
    from goal_sessions
),

placed_goals as (
    select
        goals.goal_id,
        count(*) filter (where attended.attended_rank >= 1 and attended.session_number <= goals.agreed_session) as agreed_rank,
        count(*) filter (where attended.attended_rank >= 1 and attended.session_number <= goals.closed_session) as closed_rank,
        count(*) filter (where attended.attended_rank >= 1 and attended.session_number <= last_touches.session_number) as touched_rank
    from goals
    left join attended on attended.course_id = goals.course_id
    left join last_touches on last_touches.goal_id = goals.goal_id
    group by goals.goal_id
)

select
    goals.goal_id,
    goals.course_id,
    goals.scale,
    goals.set_by,
    goals.fate,
    successors.goal_id as replaced_by,
    cast(placed_goals.agreed_rank as integer) as agreed_rank,
    case when goals.closed_session is not null then cast(placed_goals.closed_rank as integer) end as closed_rank,
    cast(greatest(placed_goals.touched_rank, placed_goals.agreed_rank) as integer) as touched_rank,
    cast(
        case when goals.closed_session is not null then placed_goals.closed_rank else course_facts.so_far end - placed_goals.agreed_rank as integer
    ) as waited,
    last_states.level as last_level,
    last_states.sessions_since_rating as last_level_age
from goals
inner join placed_goals on placed_goals.goal_id = goals.goal_id
inner join course_facts on course_facts.course_id = goals.course_id
left join last_states on last_states.goal_id = goals.goal_id and last_states.place = 1
left join goals as successors on successors.goal_id = goals.replaced_by and successors.course_id = goals.course_id
