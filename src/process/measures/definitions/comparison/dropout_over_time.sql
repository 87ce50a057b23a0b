-- Courses that have ended, by length, month (quarter in a therapist's own view) and therapist: how many there were and how many the patient stopped. A
-- course is in the month of the Monday of the week of its last attended session or last contact.
with clinic_facts as (
    select max(as_of) as as_of from manifest
),

occasions as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.course_id,
        cast(
            case when $cluster = 'course' then date_trunc('quarter', course_facts.last_week) else date_trunc('month', course_facts.last_week) end as date
        ) as period_start,
        course_facts.ending = 'patient_stopped' as happened
    from cohort
    inner join course_facts on course_facts.course_id = cohort.course_id
    where course_facts.ended
)

select
    occasions.length,
    occasions.therapist_id,
    occasions.period_start,
    clinic_facts.as_of,
    count(*) as occasions,
    count(case when occasions.happened then 1 end) as events,
    count(distinct occasions.course_id) as courses
from occasions
cross join clinic_facts
group by occasions.length, occasions.therapist_id, occasions.period_start, clinic_facts.as_of
