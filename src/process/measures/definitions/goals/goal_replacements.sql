-- Courses with a replaced goal on goal attainment scaling.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(distinct cohort.course_id) as courses
from cohort
inner join goal_facts on goal_facts.course_id = cohort.course_id
where goal_facts.scale = 'gas' and goal_facts.fate = 'replaced'
group by cohort.length, cohort.therapist_id, cohort.cluster_id
