-- Sessions held, courses begun and courses ended by length, week and therapist, in the last year; the week is missing where it is not known. A course
-- begins in the week of its first session and ends in the week of its last attended session or last contact.
with clinic_facts as (
    select max(as_of) as as_of from manifest
),

happenings as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.course_id,
        'sessions' as kind,
        attended.week
    from cohort
    inner join attended on attended.course_id = cohort.course_id
    union all
    select
        cohort.length,
        cohort.therapist_id,
        cohort.course_id,
        'starts' as kind,
        course_facts.start_week as week
    from cohort
    inner join course_facts on course_facts.course_id = cohort.course_id
    union all
    select
        cohort.length,
        cohort.therapist_id,
        cohort.course_id,
        'endings' as kind,
        course_facts.last_week as week
    from cohort
    inner join course_facts on course_facts.course_id = cohort.course_id
    where course_facts.ended
)

select
    happenings.length,
    happenings.therapist_id,
    happenings.kind,
    happenings.week,
    clinic_facts.as_of,
    count(*) as events,
    count(distinct happenings.course_id) as courses
from happenings
cross join clinic_facts
where happenings.week is null or happenings.week > clinic_facts.as_of - interval '385' day
group by happenings.length, happenings.therapist_id, happenings.kind, happenings.week, clinic_facts.as_of
