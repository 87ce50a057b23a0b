-- Open courses by sessions to date, whatever the basis, and how many of them can be told on or off their expected course on at least one form.
with told_courses as (
    select distinct course_id
    from expected_places
    where status is not null
)

select
    population.so_far as length,
    population.therapist_id,
    population.cluster_id,
    count(*) as courses,
    count(told_courses.course_id) as told
from population
inner join course_facts on course_facts.course_id = population.course_id
left join told_courses on told_courses.course_id = population.course_id
where course_facts.ending = 'still_going'
group by population.so_far, population.therapist_id, population.cluster_id
