-- Attended sessions with their attended rank: 0 for the intake assessment, then 1, 2, 3 … in the clinic's order.
-- Every axis, window and lag counts this rank; session_number also counts appointments that did not take place.
select
    course_id,
    session_number,
    case
        when session_number = 0 then 0
        else cast(row_number() over (partition by course_id, case when session_number = 0 then 0 else 1 end order by session_number) as integer)
    end as attended_rank,
    week,
    day,
    rupture_reviewed
from sessions
where attendance = 'attended'
