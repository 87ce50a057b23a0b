-- Ended courses with at least one session, whose they are, how long they were, when they ended, and the attributes that a benchmark can be told apart by. Of
-- those alone that were seen last so long ago that most of what ended then is recorded as ended by now: who comes later would move all others on by one.
with clinic_facts as (
    select max(as_of) as as_of from manifest
)

select
    course_facts.course_id,
    course_facts.therapist_id,
    course_facts.completed,
    course_facts.last_week,
    course_facts.problem,
    course_facts.modality,
    course_facts.team
from course_facts
cross join clinic_facts
where course_facts.ended and course_facts.completed >= 1 and course_facts.last_week <= clinic_facts.as_of - to_days($settled)
order by course_facts.course_id
