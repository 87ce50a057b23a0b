-- Open goals of courses that are still going, by attended sessions since each was last rated or reviewed (since it was agreed, where it never was). Courses
-- that are still going have no completed length, so their length here is always the attended sessions to date.
with open_goals as (
    select
        cast(population.so_far as integer) as length,
        population.therapist_id,
        population.cluster_id,
        population.course_id,
        population.so_far - goal_facts.touched_rank as since
    from population
    inner join course_facts on course_facts.course_id = population.course_id
    inner join goal_facts on goal_facts.course_id = population.course_id
    where course_facts.ending = 'still_going' and goal_facts.fate = 'open'
)

select
    length,
    therapist_id,
    cluster_id,
    least(since, $longest_shown) as since,
    count(*) as goals,
    count(distinct course_id) as courses
from open_goals
group by length, therapist_id, cluster_id, least(since, $longest_shown)
