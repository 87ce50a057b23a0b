-- Goals of the current set by attended session and level. A level is carried for at most $carried_sessions attended sessions after it was rated;
-- then, and before the first rating, the goal is not rated.
with placed_goals as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        goal_sessions.attended_rank as session,
        case when goal_sessions.sessions_since_rating <= $carried_sessions then goal_sessions.level end as level,
        case when goal_sessions.sessions_since_rating <= $carried_sessions then goal_sessions.rater end as rater
    from cohort
    inner join goal_sessions on goal_sessions.course_id = cohort.course_id
    where goal_sessions.scale = 'gas' and goal_sessions.attended_rank >= 1
)

select
    length,
    therapist_id,
    cluster_id,
    session,
    count(*) filter (where level = -2) as minus_2,
    count(*) filter (where level = -1) as minus_1,
    count(*) filter (where level = 0) as expected,
    count(*) filter (where level = 1) as plus_1,
    count(*) filter (where level = 2) as plus_2,
    count(*) filter (where level is null) as not_rated,
    count(*) filter (where rater = 'patient') as rated_by_patient,
    count(*) filter (where rater = 'both') as rated_by_both,
    count(*) filter (where rater = 'therapist') as rated_by_therapist,
    count(*) as goals,
    count(distinct course_id) as courses
from placed_goals
group by length, therapist_id, cluster_id, session
