-- How far courses have come: courses by length and attended sessions to date.
select
    length,
    therapist_id,
    cluster_id,
    so_far,
    count(*) as courses
from cohort
group by length, therapist_id, cluster_id, so_far
