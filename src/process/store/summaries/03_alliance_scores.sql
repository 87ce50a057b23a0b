-- One alliance score a session and rater, as percentage of the maximum possible of its form (POMP). Where a session has two by one rater, the form
-- with the lower priority in the registry counts. Scores of sessions that were not attended have no place on the axis and are left out.
-- Higher is a stronger alliance on every form: a form that counts the other way round is turned.
with placed_scores as (
    select
        attended.course_id,
        attended.attended_rank,
        scores.rater,
        scores.instrument,
        scores.form,
        100.0 * case when instruments.direction = 'lower_is_better' then instruments.maximum - scores.value else scores.value - instruments.minimum end
        / (instruments.maximum - instruments.minimum) as pomp,
        row_number() over (
            partition by attended.course_id, attended.attended_rank, scores.rater
            order by instruments.priority, scores.instrument, scores.form
        ) as place
    from scores
    inner join instruments
        on instruments.instrument = scores.instrument and instruments.form = scores.form and instruments.rater = scores.rater
    inner join attended
        on attended.course_id = scores.course_id and attended.session_number = scores.session_number
    where instruments.construct = 'alliance' and scores.value is not null
)

select
    course_id,
    attended_rank,
    rater,
    instrument,
    form,
    pomp
from placed_scores
where place = 1
