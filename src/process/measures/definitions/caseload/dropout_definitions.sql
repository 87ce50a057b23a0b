-- Courses that have ended, by length: how many each definition of dropout can be applied to and how many it counts; and, where all five can be applied,
-- how many they agree on. The median length is the clinic-wide parameter of this quarter.
with clinic_median as (
    select max(value) as sessions from clinic_parameters
    where parameter = 'median_length'
),

judged_courses as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        case when course_facts.ending = 'patient_stopped' then 1 else 0 end as patient_stopped,
        case when course_facts.completed < course_facts.planned then 1 when course_facts.planned is not null then 0 end as before_agreed,
        case when last_appointments.attendance = 'missed' then 1 when last_appointments.attendance is not null then 0 end as missed_last,
        case when course_facts.completed < clinic_median.sessions then 1 when clinic_median.sessions is not null then 0 end as below_median,
        case when course_facts.completed <= $early_sessions then 1 else 0 end as early
    from cohort
    inner join course_facts on course_facts.course_id = cohort.course_id
    left join last_appointments on last_appointments.course_id = cohort.course_id
    cross join clinic_median
    where course_facts.ended
),

counted_courses as (
    select
        length,
        therapist_id,
        cluster_id,
        patient_stopped,
        before_agreed,
        missed_last,
        below_median,
        early,
        case
            when before_agreed is not null and missed_last is not null and below_median is not null
                then patient_stopped + before_agreed + missed_last + below_median + early
        end as says
    from judged_courses
)

select
    length,
    therapist_id,
    cluster_id,
    count(*) as patient_stopped_of,
    sum(patient_stopped) as patient_stopped,
    count(before_agreed) as before_agreed_of,
    coalesce(sum(before_agreed), 0) as before_agreed,
    count(missed_last) as missed_last_of,
    coalesce(sum(missed_last), 0) as missed_last,
    count(below_median) as below_median_of,
    coalesce(sum(below_median), 0) as below_median,
    count(early) as early_of,
    sum(early) as early,
    count(says) as all_of,
    count(case when says = 0 or says = 5 then 1 end) as agree,
    count(case when says >= 1 then 1 end) as any_says
from counted_courses
group by length, therapist_id, cluster_id
