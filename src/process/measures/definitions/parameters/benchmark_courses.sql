-- Ended courses with at least one session, whose they are, how long they were, when they ended, and the attributes that a benchmark can be told apart by.
select
    course_id,
    therapist_id,
    completed,
    last_week,
    problem,
    modality,
    team
from course_facts
where ended and completed >= 1
order by course_id
