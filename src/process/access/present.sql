select 'courses' as relation, count(*) as rows from courses
union all select 'sessions', count(*) from sessions
union all select 'scores', count(*) from scores
union all select 'alliance_scores', count(*) from alliance_scores
union all select 'outcome_scores', count(*) from outcome_scores
union all select 'goals', count(*) from goals
union all select 'goal_ratings', count(*) from goal_ratings
union all select 'goal_reviews', count(*) from goal_reviews
union all select 'ruptures', count(*) from ruptures
union all select 'rupture_steps', count(*) from rupture_steps
union all select 'completed', count(*) from course_facts where completed is not null
union all select 'so_far', count(*) from course_facts where so_far is not null
union all select 'planned', count(*) from course_facts where planned is not null
