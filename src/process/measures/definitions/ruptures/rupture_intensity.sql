-- Recorded ruptures by intensity, 1 slight to 5 severe; a row a course and group.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    coalesce(cast(ruptures.intensity as string), 'not_recorded') as intensity,
    count(*) as ruptures
from cohort
inner join ruptures on ruptures.course_id = cohort.course_id
group by 1, 2, 3, 4, 5
