-- Courses, attended sessions and therapists by length on the chosen basis; the length is missing for courses without one.
select
    length,
    therapist_id,
    therapist_id as cluster_id,
    count(*) as courses,
    sum(so_far) as sessions
from population
group by length, therapist_id
