-- The outcome forms that these courses have scores on, and what a change on each is judged by.
with scored_forms as (
    select distinct outcome_courses.label
    from cohort
    inner join outcome_courses on outcome_courses.course_id = cohort.course_id
)

select
    instruments.label as form,
    instruments.cutoff,
    instruments.reliable_change,
    instruments.change_rule,
    instruments.change_source
from instruments
inner join scored_forms on scored_forms.label = instruments.label
order by instruments.label
