-- Scores of past courses by session and by the band of severity they began in: the middle part of them (from low to high), for sessions after the first score, where enough
-- courses of enough therapists have one and no therapist has more than half of them.
with placed_scores as (
    select
        outcome_courses.label,
        outcome_courses.severity,
        outcome_scores.attended_rank as session,
        outcome_scores.value,
        course_facts.therapist_id
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
),

caseloads as (
    select
        label,
        severity,
        session,
        therapist_id,
        count(*) as courses
    from placed_scores
    group by label, severity, session, therapist_id
),

sizes as (
    select
        label,
        severity,
        session,
        sum(courses) as courses,
        count(*) as therapists,
        max(courses) as largest
    from caseloads
    group by label, severity, session
)

select
    placed_scores.label,
    placed_scores.severity,
    placed_scores.session,
    percentile_cont($low) within group (order by placed_scores.value) as lower,
    percentile_cont(0.5) within group (order by placed_scores.value) as median,
    percentile_cont($high) within group (order by placed_scores.value) as upper,
    count(*) as courses,
    cast(max(sizes.therapists) as bigint) as therapists
from placed_scores
inner join sizes on sizes.label = placed_scores.label and sizes.severity = placed_scores.severity and sizes.session = placed_scores.session
where sizes.courses >= $courses and sizes.therapists >= $therapists and 2 * sizes.largest <= sizes.courses
group by placed_scores.label, placed_scores.severity, placed_scores.session
order by placed_scores.label, placed_scores.severity, placed_scores.session
