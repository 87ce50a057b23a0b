-- Courses by length, therapist, first and last active week. Active from the week of the first session to the day the records are complete where the
-- course is still going, else to the week of the last attended session or last contact. A course with an unknown start has no weeks.
with clinic_facts as (
    select max(as_of) as as_of from manifest
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.therapist_id as cluster_id,
    course_facts.start_week,
    case
        when course_facts.ending = 'still_going' then clinic_facts.as_of
        when course_facts.last_week > course_facts.start_week then course_facts.last_week
        else course_facts.start_week
    end as end_week,
    clinic_facts.as_of,
    count(*) as courses
from cohort
inner join course_facts on course_facts.course_id = cohort.course_id
cross join clinic_facts
group by 1, 2, 3, 4, 5, 6
