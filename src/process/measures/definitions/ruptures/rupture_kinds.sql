-- Recorded ruptures by kind and whose move it was; a row a course and group.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    concat(ruptures.kind, '_', ruptures.moved_by) as move,
    count(*) as ruptures
from cohort
inner join ruptures on ruptures.course_id = cohort.course_id
group by 1, 2, 3, 4, 5
