-- Goals ever agreed by generation: 1 took nobody's place, 2 took the place of a first one, 3 stands for the third and later ones.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    least(goal_chains.generation, 3) as generation,
    count(*) as goals,
    count(*) filter (where goal_facts.fate = 'replaced') as replaced,
    count(*) filter (where goal_facts.replaced_by is not null) as linked,
    count(distinct cohort.course_id) as courses
from cohort
inner join goal_facts on goal_facts.course_id = cohort.course_id
inner join goal_chains on goal_chains.goal_id = goal_facts.goal_id and goal_chains.generation >= 1
group by cohort.length, cohort.therapist_id, cohort.cluster_id, least(goal_chains.generation, 3)
