-- One row a course with an appointment: what became of the last one on record, and when the last attended session was (the intake assessment is one).
with numbered_ends as (
    select
        course_id,
        max(session_number) as last_number,
        max(case when attendance = 'attended' then session_number end) as attended_number
    from sessions
    group by course_id
)

select
    numbered_ends.course_id,
    last_ones.attendance,
    attended_ones.week as attended_week,
    attended_ones.day as attended_day
from numbered_ends
inner join sessions as last_ones
    on last_ones.course_id = numbered_ends.course_id and last_ones.session_number = numbered_ends.last_number
left join sessions as attended_ones
    on attended_ones.course_id = numbered_ends.course_id and attended_ones.session_number = numbered_ends.attended_number
