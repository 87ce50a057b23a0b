-- Courses by length on the chosen basis.
select
    length,
    therapist_id,
    therapist_id as cluster_id,
    count(*) as courses
from cohort
group by length, therapist_id
