-- Courses that are still going, by length and by the Monday of their last attended session's week. Where that week is not known it is worked out from
-- the week of the first session and the days since; where that is not known either, or nobody attended, the week is missing.
with clinic_facts as (
    select max(as_of) as as_of from manifest
),

last_sessions as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        case
            when last_appointments.attended_week is not null then last_appointments.attended_week
            when course_facts.start_week is not null and last_appointments.attended_day is not null
                then cast(course_facts.start_week + last_appointments.attended_day * interval '1' day as date)
        end as last_week
    from cohort
    inner join course_facts on course_facts.course_id = cohort.course_id
    left join last_appointments on last_appointments.course_id = cohort.course_id
    where course_facts.ending = 'still_going'
)

select
    last_sessions.length,
    last_sessions.therapist_id,
    last_sessions.cluster_id,
    last_sessions.last_week,
    clinic_facts.as_of,
    count(*) as courses
from last_sessions
cross join clinic_facts
group by last_sessions.length, last_sessions.therapist_id, last_sessions.cluster_id, last_sessions.last_week, clinic_facts.as_of
