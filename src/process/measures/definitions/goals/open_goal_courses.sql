-- Courses that are still going with an open goal, and those with one that is overdue: more than $overdue_after attended sessions since it was last rated
-- or reviewed. Their length is the attended sessions to date.
select
    cast(population.so_far as integer) as length,
    population.therapist_id,
    population.cluster_id,
    count(distinct population.course_id) as courses,
    count(distinct case when population.so_far - goal_facts.touched_rank > $overdue_after then population.course_id end) as overdue_courses,
    count(*) as goals,
    count(*) filter (where population.so_far - goal_facts.touched_rank > $overdue_after) as overdue
from population
inner join course_facts on course_facts.course_id = population.course_id
inner join goal_facts on goal_facts.course_id = population.course_id
where course_facts.ending = 'still_going' and goal_facts.fate = 'open'
group by cast(population.so_far as integer), population.therapist_id, population.cluster_id
