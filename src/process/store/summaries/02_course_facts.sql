-- One row a course: who, where, when it started, how it ended, and the lengths. so_far counts attended sessions without the intake assessment;
-- completed is the same count for courses that have ended, and missing for those still going or unknown.
with attended_sessions as (
    select
        course_id,
        cast(count(*) filter (where attended_rank >= 1) as integer) as so_far,
        min(week) as first_week,
        max(week) as last_attended_week
    from attended
    group by course_id
)

select
    courses.course_id,
    courses.patient_id,
    courses.therapist_id,
    courses.team,
    courses.modality,
    courses.problem,
    courses.age_band,
    courses.start_week,
    coalesce(
        courses.start_quarter,
        case when courses.start_week is not null then concat(year(courses.start_week), '-Q', quarter(courses.start_week)) end
    ) as start_quarter,
    courses.ending,
    coalesce(courses.ending in ('planned', 'patient_stopped', 'therapist_ended', 'moved_on'), false) as ended,
    coalesce(attended_sessions.so_far, 0) as so_far,
    case
        when courses.ending in ('planned', 'patient_stopped', 'therapist_ended', 'moved_on') then coalesce(attended_sessions.so_far, 0)
    end as completed,
    courses.planned_sessions as planned,
    attended_sessions.first_week,
    case
        when courses.last_contact_week is null or attended_sessions.last_attended_week >= courses.last_contact_week
            then attended_sessions.last_attended_week
        else courses.last_contact_week
    end as last_week
from courses
left join attended_sessions on attended_sessions.course_id = courses.course_id
