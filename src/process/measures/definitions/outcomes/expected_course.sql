-- Open courses by sessions to date, whatever the basis (a course that is still going has no completed length), by form and by where they stand.
select
    population.so_far as length,
    population.therapist_id,
    population.cluster_id,
    expected_places.form,
    expected_places.status,
    count(*) as courses
from population
inner join expected_places on expected_places.course_id = population.course_id
where expected_places.status is not null
group by population.so_far, population.therapist_id, population.cluster_id, expected_places.form, expected_places.status
