-- Courses that are still going whose stretch up to the last attended session can be judged, and those in an impasse now. Courses that are still going have
-- no completed length, so their length here is always the attended sessions to date.
select
    cast(population.so_far as integer) as length,
    population.therapist_id,
    population.cluster_id,
    count(*) as courses,
    sum(impasse_sessions.impasse) as impasses
from population
inner join course_facts on course_facts.course_id = population.course_id
inner join impasse_sessions
    on impasse_sessions.course_id = population.course_id and impasse_sessions.attended_rank = population.so_far
where course_facts.ending = 'still_going'
group by cast(population.so_far as integer), population.therapist_id, population.cluster_id
