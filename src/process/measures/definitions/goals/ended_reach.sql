-- How long courses that have ended were: courses by length and attended sessions.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    course_facts.completed as so_far,
    count(*) as courses
from cohort
inner join course_facts on course_facts.course_id = cohort.course_id
where course_facts.completed is not null
group by cohort.length, cohort.therapist_id, cohort.cluster_id, course_facts.completed
