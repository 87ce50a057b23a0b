-- Recorded ruptures by who noticed them; a row a course and group.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    ruptures.noticed_by,
    count(*) as ruptures
from cohort
inner join ruptures on ruptures.course_id = cohort.course_id
group by 1, 2, 3, 4, 5
