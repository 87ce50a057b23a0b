-- One alliance score a session and rater, as percentage of the maximum possible of its form (POMP). Where a session has two by one rater, the form
-- with the lower priority in the registry counts. Scores of sessions that were not attended have no place on the axis and are left out.
-- Higher is a stronger alliance on every form: a form that counts the other way round is turned.
with forms as (
    select
        instrument,
        form,
        rater,
        direction,
        minimum,
        maximum,
        row_number() over (order by priority, instrument, form, rater) as place
    from instruments
    where construct = 'alliance'
),

first_scores as (
    select
        scores.course_id,
        scores.session_number,
        scores.rater,
        min(forms.place) as place,
        min_by(scores.value, forms.place) as value
    from scores
    inner join forms on forms.instrument = scores.instrument and forms.form = scores.form and forms.rater = scores.rater
    where scores.value is not null
    group by scores.course_id, scores.session_number, scores.rater
)

select
    attended.course_id,
    attended.attended_rank,
    first_scores.rater,
    forms.instrument,
    forms.form,
    100.0 * case when forms.direction = 'lower_is_better' then forms.maximum - first_scores.value else first_scores.value - forms.minimum end
    / (forms.maximum - forms.minimum) as pomp
from first_scores
inner join forms on forms.place = first_scores.place
inner join attended on attended.course_id = first_scores.course_id and attended.session_number = first_scores.session_number
