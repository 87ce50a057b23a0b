-- The completed length of every course that has ended, with its therapist.
select
    course_id,
    therapist_id,
    completed
from course_facts
where completed is not null
order by course_id
