-- Courses by length and by how they ended; still going and unknown are endings of their own.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    course_facts.ending,
    count(*) as courses
from cohort
inner join course_facts on course_facts.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id, course_facts.ending
