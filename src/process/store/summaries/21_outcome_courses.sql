-- One row a course and outcome form with a score: the first and the last score, and the band of severity that the first one lies in. Bands are as wide as
-- the form's reliable change (a fifth of its range where none is known) and counted from its cut-off (from its healthiest score where none is known),
-- 0 and above on the clinical side; a course whose first score comes after session 1 has none.
with placed_scores as (
    select
        course_id,
        instrument,
        form,
        rater,
        attended_rank,
        value,
        row_number() over (partition by course_id, instrument, form, rater order by attended_rank) as place,
        row_number() over (partition by course_id, instrument, form, rater order by attended_rank desc) as place_from_end
    from outcome_scores
),

ends as (
    select
        course_id,
        instrument,
        form,
        rater,
        cast(count(*) as integer) as scores,
        max(case when place = 1 then attended_rank end) as first_rank,
        max(case when place = 1 then value end) as first_score,
        max(case when place_from_end = 1 then attended_rank end) as last_rank,
        max(case when place_from_end = 1 then value end) as last_score
    from placed_scores
    group by course_id, instrument, form, rater
)

select
    ends.course_id,
    ends.instrument,
    ends.form,
    ends.rater,
    instruments.label,
    ends.scores,
    ends.first_rank,
    ends.first_score,
    ends.last_rank,
    ends.last_score,
    case
        when ends.first_rank > 1 then null
        else cast(
            floor(
                case
                    when instruments.direction = 'lower_is_better' then ends.first_score - coalesce(instruments.cutoff, instruments.minimum)
                    else coalesce(instruments.cutoff, instruments.maximum) - ends.first_score
                end / coalesce(instruments.reliable_change, (instruments.maximum - instruments.minimum) / 5.0) + 0.000000001
            ) as integer
        )
    end as severity
from ends
inner join instruments
    on instruments.instrument = ends.instrument and instruments.form = ends.form and instruments.rater = ends.rater
