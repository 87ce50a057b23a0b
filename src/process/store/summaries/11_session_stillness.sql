-- One row a course and attended session: what there is to see of goals that move or stand still, and of the patient's alliance around its own level.
-- A goal moves where a rating differs from the same rater's last one (one rating a goal and session: the patient's, else the joint one, else the
-- therapist's), and where a goal is agreed or closed. `compared` counts the ratings that have an earlier one by the same rater to be compared with.
-- `earlier_mean` is the mean of the patient's scores in earlier sessions: the future never leaks into the past.
with placed_ratings as (
    select
        goals.course_id,
        goal_ratings.goal_id,
        attended.attended_rank,
        case goal_ratings.rater when 'patient' then 1 when 'both' then 2 else 3 end as voice,
        goal_ratings.level,
        lag(goal_ratings.level) over (partition by goal_ratings.goal_id, goal_ratings.rater order by attended.attended_rank) as earlier_level
    from goal_ratings
    inner join goals on goals.goal_id = goal_ratings.goal_id
    inner join attended on attended.course_id = goals.course_id and attended.session_number = goal_ratings.session_number
    where
        goal_ratings.level is not null
        and goal_ratings.session_number >= goals.agreed_session
        and (goals.closed_session is null or goal_ratings.session_number <= goals.closed_session)
),

-- One rating a goal and session: the first voice. 10 a voice, so that the least of them still says whose it is; 1 = compared, 2 = moved.
goal_movements as (
    select
        course_id,
        attended_rank,
        min(10 * voice + case when earlier_level is null then 0 when level <> earlier_level then 2 else 1 end) % 10 as movement
    from placed_ratings
    group by course_id, goal_id, attended_rank
),

movements as (
    select
        course_id,
        attended_rank,
        count(*) filter (where movement = 2) as moved,
        count(*) filter (where movement > 0) as compared
    from goal_movements
    group by course_id, attended_rank
),

decisions as (
    select course_id, agreed_rank as attended_rank from goal_facts
    union all
    select course_id, closed_rank as attended_rank from goal_facts where closed_rank is not null
),

decided_sessions as (
    select course_id, attended_rank, count(*) as decisions
    from decisions
    group by course_id, attended_rank
),

goals_in_set as (
    select course_id, attended_rank, count(*) as open_goals
    from goal_sessions
    group by course_id, attended_rank
),

rupture_sessions as (
    select distinct course_id, onset_rank
    from rupture_facts
    where onset_rank is not null
)

select
    attended.course_id,
    attended.attended_rank,
    cast(coalesce(goals_in_set.open_goals, 0) as integer) as open_goals,
    cast(coalesce(movements.moved, 0) + coalesce(decided_sessions.decisions, 0) as integer) as moved,
    cast(coalesce(movements.compared, 0) as integer) as compared,
    alliance_scores.pomp as score,
    avg(alliance_scores.pomp) over (
        partition by attended.course_id order by attended.attended_rank
        rows between unbounded preceding and 1 preceding
    ) as earlier_mean,
    count(alliance_scores.pomp) over (
        partition by attended.course_id order by attended.attended_rank
        rows between unbounded preceding and 1 preceding
    ) as earlier_scores,
    case when rupture_sessions.course_id is not null then 1 else 0 end as ruptures,
    case when attended.rupture_reviewed = 'no' then 1 else 0 end as unreviewed
from attended
left join goals_in_set on goals_in_set.course_id = attended.course_id and goals_in_set.attended_rank = attended.attended_rank
left join movements on movements.course_id = attended.course_id and movements.attended_rank = attended.attended_rank
left join decided_sessions on decided_sessions.course_id = attended.course_id and decided_sessions.attended_rank = attended.attended_rank
left join rupture_sessions on rupture_sessions.course_id = attended.course_id and rupture_sessions.onset_rank = attended.attended_rank
left join alliance_scores
    on
        alliance_scores.course_id = attended.course_id
        and alliance_scores.attended_rank = attended.attended_rank
        and alliance_scores.rater = 'patient'
where attended.attended_rank >= 1
