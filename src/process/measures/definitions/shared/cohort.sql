-- The courses that have a place on the axis of lengths; a course without a length on the basis is counted by the measure `lengths` and left out here.
select
    course_id,
    therapist_id,
    cluster_id,
    cast(length as integer) as length,
    so_far
from population
where length is not null
