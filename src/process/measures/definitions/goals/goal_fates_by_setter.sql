-- What became of goals by who set them: goals by attended sessions from agreeing to closing and by fate. Open goals are counted where their course was last
-- seen; whatever lies beyond $reading_session sessions was still waiting then.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    goal_facts.set_by,
    least(goal_facts.waited, $reading_session + 1) as waited,
    case when goal_facts.waited > $reading_session then 'open' else goal_facts.fate end as fate,
    count(*) as goals
from cohort
inner join goal_facts on goal_facts.course_id = cohort.course_id
group by
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    goal_facts.set_by,
    least(goal_facts.waited, $reading_session + 1),
    case when goal_facts.waited > $reading_session then 'open' else goal_facts.fate end
