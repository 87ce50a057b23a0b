-- Courses that have ended, with what patients bring (the case mix) and two outcomes: whether the patient stopped, and, where the course has an outcome
-- score at two sessions at least and the form has a threshold, whether the last is reliably better than the first, as in the table `outcome_changes`: a
-- published threshold is met or exceeded, and a difference of two decimal scores can miss it by the last bit.
with gains as (
    select
        outcome_ends.course_id,
        outcome_ends.severity,
        case
            when outcome_ends.scores < 2 or instruments.reliable_change is null then null
            when instruments.direction = 'lower_is_better' then outcome_ends.first_score - outcome_ends.last_score
            else outcome_ends.last_score - outcome_ends.first_score
        end as gain,
        instruments.reliable_change,
        instruments.change_rule
    from outcome_ends
    inner join instruments on instruments.instrument = outcome_ends.instrument and instruments.form = outcome_ends.form
)

select
    course_facts.course_id,
    course_facts.therapist_id,
    course_facts.problem,
    course_facts.modality,
    course_facts.age_band,
    gains.severity,
    case when course_facts.ending = 'patient_stopped' then 1 else 0 end as stopped,
    case
        when gains.gain is null then null
        when gains.change_rule = 'jacobson_truax' and gains.gain > gains.reliable_change then 1
        when gains.change_rule <> 'jacobson_truax' and gains.gain >= gains.reliable_change - 0.000000001 then 1
        else 0
    end as improved
from course_facts
left join gains on gains.course_id = course_facts.course_id
where course_facts.ended
order by course_facts.course_id
