-- Courses that have no place in the match window's figure, by length and cluster: those still in the window, and those with no score of the patient in it.
with early_scores as (
    select
        course_id,
        count(*) as scores
    from alliance_scores
    where rater = 'patient' and attended_rank between 1 and $window_sessions
    group by course_id
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(case when cohort.so_far < $window_sessions and not course_facts.ended then 1 end) as still_in_window,
    count(case when (cohort.so_far >= $window_sessions or course_facts.ended) and early_scores.course_id is null then 1 end) as unscored
from cohort
inner join course_facts on course_facts.course_id = cohort.course_id
left join early_scores on early_scores.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id
