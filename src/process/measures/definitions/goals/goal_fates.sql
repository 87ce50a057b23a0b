-- What became of goals: goals by attended sessions from agreeing to closing and by fate. Open goals are counted where their course was last seen; whatever
-- lies beyond $horizon sessions was still waiting at $horizon.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    least(goal_facts.waited, $horizon + 1) as waited,
    case when goal_facts.waited > $horizon then 'open' else goal_facts.fate end as fate,
    count(*) as goals
from cohort
inner join goal_facts on goal_facts.course_id = cohort.course_id
group by
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    least(goal_facts.waited, $horizon + 1),
    case when goal_facts.waited > $horizon then 'open' else goal_facts.fate end
