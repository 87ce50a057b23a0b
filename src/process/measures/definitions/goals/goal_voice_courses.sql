-- Courses with at least one goal (goal attainment scaling) that both rated in the same attended session.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(distinct cohort.course_id) as courses
from cohort
inner join goals on goals.course_id = cohort.course_id
inner join goal_ratings as by_patient on by_patient.goal_id = goals.goal_id and by_patient.rater = 'patient'
inner join goal_ratings as by_therapist
    on
        by_therapist.goal_id = by_patient.goal_id
        and by_therapist.session_number = by_patient.session_number
        and by_therapist.rater = 'therapist'
inner join attended
    on attended.course_id = goals.course_id and attended.session_number = by_patient.session_number and attended.attended_rank >= 1
where goals.scale = 'gas' and by_patient.level is not null and by_therapist.level is not null
group by cohort.length, cohort.therapist_id, cohort.cluster_id
