-- Courses by length: all, those with a first and a last score on at least one outcome form, and those that have a single score on every form they have.
with scores_on_a_form as (
    select
        course_id,
        max(scores) as scores
    from outcome_courses
    group by course_id
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(*) as courses,
    sum(case when scores_on_a_form.scores >= 2 then 1 else 0 end) as both,
    sum(case when scores_on_a_form.scores = 1 then 1 else 0 end) as one
from cohort
left join scores_on_a_form on scores_on_a_form.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id
