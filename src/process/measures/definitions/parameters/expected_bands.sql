-- Scores of past courses by session and by the band of severity they began in: the middle part of them (from low to high), for sessions after the first score, where enough
-- courses of enough therapists have one.
select
    outcome_courses.label,
    outcome_courses.severity,
    outcome_scores.attended_rank as session,
    percentile_cont($low) within group (order by outcome_scores.value) as lower,
    percentile_cont(0.5) within group (order by outcome_scores.value) as median,
    percentile_cont($high) within group (order by outcome_scores.value) as upper,
    count(*) as courses,
    count(distinct course_facts.therapist_id) as therapists
from outcome_courses
inner join course_facts on course_facts.course_id = outcome_courses.course_id
inner join outcome_scores
    on
        outcome_scores.course_id = outcome_courses.course_id
        and outcome_scores.instrument = outcome_courses.instrument
        and outcome_scores.form = outcome_courses.form
        and outcome_scores.rater = outcome_courses.rater
        and outcome_scores.attended_rank > outcome_courses.first_rank
where course_facts.completed is not null and outcome_courses.severity is not null
group by outcome_courses.label, outcome_courses.severity, outcome_scores.attended_rank
having count(*) >= $courses and count(distinct course_facts.therapist_id) >= $therapists
order by outcome_courses.label, outcome_courses.severity, outcome_scores.attended_rank
