-- One row a course with an outcome score: of its forms the one scored in most sessions (then the one first in the registry), with the first and the last
-- score; and severity: the first score of the form first in the registry that was scored before therapy, at the intake assessment or session 1, in percent
-- of the maximum possible, higher = worse whatever the form's direction. Missing where no form was scored by then.
with forms as (
    select
        outcome_courses.course_id,
        outcome_courses.instrument,
        outcome_courses.form,
        outcome_courses.scores,
        outcome_courses.first_score,
        outcome_courses.last_score,
        row_number() over (
            partition by outcome_courses.course_id
            order by outcome_courses.scores desc, instruments.priority, outcome_courses.instrument, outcome_courses.form, outcome_courses.rater
        ) as place
    from outcome_courses
    inner join instruments
        on
            instruments.instrument = outcome_courses.instrument
            and instruments.form = outcome_courses.form
            and instruments.rater = outcome_courses.rater
),

early_forms as (
    select
        outcome_courses.course_id,
        case
            when instruments.direction = 'lower_is_better'
                then 100.0 * (outcome_courses.first_score - instruments.minimum) / (instruments.maximum - instruments.minimum)
            else 100.0 * (instruments.maximum - outcome_courses.first_score) / (instruments.maximum - instruments.minimum)
        end as severity,
        row_number() over (
            partition by outcome_courses.course_id
            order by instruments.priority, outcome_courses.instrument, outcome_courses.form, outcome_courses.rater
        ) as place
    from outcome_courses
    inner join instruments
        on
            instruments.instrument = outcome_courses.instrument
            and instruments.form = outcome_courses.form
            and instruments.rater = outcome_courses.rater
    where outcome_courses.first_rank <= 1
)

select
    forms.course_id,
    forms.instrument,
    forms.form,
    forms.scores,
    forms.first_score,
    forms.last_score,
    early_forms.severity
from forms
left join early_forms on early_forms.course_id = forms.course_id and early_forms.place = 1
where forms.place = 1
