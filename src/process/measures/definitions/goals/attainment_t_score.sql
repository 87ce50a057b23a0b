-- GAS T-scores by attended session: one a course, over the rated goals of its current set. A level is carried for at most $carried_sessions attended
-- sessions after it was rated; an unrated goal leaves with its weight. Weights count where every rated goal of the set has one, else all weigh the same.
with weighed_goals as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        goal_sessions.attended_rank as session,
        goals.weight,
        case when goal_sessions.sessions_since_rating <= $carried_sessions then goal_sessions.level end as level
    from cohort
    inner join goal_sessions on goal_sessions.course_id = cohort.course_id
    inner join goals on goals.goal_id = goal_sessions.goal_id
    where goal_sessions.scale = 'gas' and goal_sessions.attended_rank >= 1
),

goal_sums as (
    select
        length,
        therapist_id,
        cluster_id,
        course_id,
        session,
        count(*) as goals_in_set,
        count(level) as goals,
        count(case when level is not null then weight end) as weighted_goals,
        1.0 * sum(level) as levels,
        sum(weight * level) as weighted_levels,
        sum(case when level is not null then weight end) as weights,
        sum(case when level is not null then weight * weight end) as squared_weights
    from weighed_goals
    group by length, therapist_id, cluster_id, course_id, session
),

scored_courses as (
    select
        length,
        therapist_id,
        cluster_id,
        session,
        goals,
        goals_in_set,
        case
            when weighted_goals = goals and weights > 0
                then 50 + 10 * weighted_levels / sqrt((1 - $rho) * squared_weights + $rho * weights * weights)
            when weighted_goals < goals
                then 50 + 10 * levels / sqrt((1 - $rho) * goals + $rho * goals * goals)
        end as t_score
    from goal_sums
    where goals > 0
)

select
    length,
    therapist_id,
    cluster_id,
    session,
    count(*) as courses,
    sum(t_score) as total,
    sum(goals) as goals,
    sum(goals_in_set) as goals_in_set
from scored_courses
where t_score is not null
group by length, therapist_id, cluster_id, session
