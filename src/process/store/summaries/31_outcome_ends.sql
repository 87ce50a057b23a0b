-- One row a course with an outcome score: of its forms the one scored in most sessions (then the one first in the registry), with the first and the last
-- score, and the first as severity: percent of the maximum possible, higher = worse whatever the form's direction.
with forms as (
    select
        outcome_courses.course_id,
        outcome_courses.instrument,
        outcome_courses.form,
        outcome_courses.scores,
        outcome_courses.first_score,
        outcome_courses.last_score,
        instruments.minimum,
        instruments.maximum,
        instruments.direction,
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
)

select
    course_id,
    instrument,
    form,
    scores,
    first_score,
    last_score,
    case
        when direction = 'lower_is_better' then 100.0 * (first_score - minimum) / (maximum - minimum)
        else 100.0 * (maximum - first_score) / (maximum - minimum)
    end as severity
from forms
where place = 1
