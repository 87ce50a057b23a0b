-- Appointments by length, month (quarter in a therapist's own view) and therapist: how many there were and how many were attended. An appointment is in
-- the month of its week's Monday.
with clinic_facts as (
    select max(as_of) as as_of from manifest
),

occasions as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.course_id,
        cast(case when $cluster = 'course' then date_trunc('quarter', sessions.week) else date_trunc('month', sessions.week) end as date) as period_start,
        sessions.attendance = 'attended' as happened
    from cohort
    inner join sessions on sessions.course_id = cohort.course_id
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
