-- Courses with a first and a last outcome score by length, form and what became of the score; and how many of them began on the clinical side.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    outcome_changes.form,
    outcome_changes.category,
    count(*) as courses,
    sum(case when outcome_changes.began_clinical then 1 else 0 end) as clinical
from cohort
inner join outcome_changes on outcome_changes.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id, outcome_changes.form, outcome_changes.category
