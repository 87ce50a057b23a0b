-- Rated goals of the current set where each of $parts equal parts of a completed course ends, and those at the expected level or better. Part j of a
-- course of L attended sessions ends at session floor(j L / $parts); a course shorter than $parts sessions cannot be cut. A level is carried for at most
-- $carried_sessions attended sessions after it was rated.
with parted_goals as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        course_facts.completed,
        goal_sessions.attended_rank,
        goal_sessions.level,
        cast(ceil(1.0 * $parts * goal_sessions.attended_rank / course_facts.completed) as integer) as part
    from cohort
    inner join course_facts on course_facts.course_id = cohort.course_id
    inner join goal_sessions on goal_sessions.course_id = cohort.course_id
    where
        course_facts.completed >= $parts
        and goal_sessions.scale = 'gas'
        and goal_sessions.attended_rank >= 1
        and goal_sessions.sessions_since_rating <= $carried_sessions
)

select
    length,
    therapist_id,
    cluster_id,
    part,
    count(*) as goals,
    count(*) filter (where level >= 0) as attained,
    count(distinct course_id) as courses
from parted_goals
where attended_rank = cast(floor(1.0 * part * completed / $parts) as integer)
group by length, therapist_id, cluster_id, part
