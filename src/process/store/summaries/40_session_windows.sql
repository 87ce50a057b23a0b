-- The patient's alliance around every attended session that has a rupture on record, and around every one like it: no rupture in that session nor in the
-- three before, none of which went unreviewed (rupture_reviewed = no). What comes after plays no part in the choice. baseline = mean of the scores in
-- the three attended sessions before; a like session needs one, and a score of its own.
with rupture_sessions as (
    select distinct
        course_id,
        onset_rank
    from rupture_facts
    where onset_rank is not null
),

scored_sessions as (
    select
        attended.course_id,
        attended.attended_rank,
        alliance_scores.pomp as score,
        case when rupture_sessions.course_id is not null then 1 else 0 end as rupture,
        case when attended.rupture_reviewed = 'no' then 1 else 0 end as unreviewed
    from attended
    left join alliance_scores
        on
            alliance_scores.course_id = attended.course_id
            and alliance_scores.attended_rank = attended.attended_rank
            and alliance_scores.rater = 'patient'
    left join rupture_sessions
        on rupture_sessions.course_id = attended.course_id and rupture_sessions.onset_rank = attended.attended_rank
    where attended.attended_rank >= 1
),

windows as (
    select
        course_id,
        attended_rank,
        rupture,
        avg(score) over (partition by course_id order by attended_rank rows between 3 preceding and 1 preceding) as baseline,
        sum(rupture + unreviewed) over (partition by course_id order by attended_rank rows between 3 preceding and current row) as disturbed,
        min(case when rupture = 1 then attended_rank end)
            over (partition by course_id order by attended_rank rows between 1 following and unbounded following)
            as next_onset_rank,
        lag(score, 3) over (partition by course_id order by attended_rank) as before_3,
        lag(score, 2) over (partition by course_id order by attended_rank) as before_2,
        lag(score, 1) over (partition by course_id order by attended_rank) as before_1,
        score as onset,
        lead(score, 1) over (partition by course_id order by attended_rank) as after_1,
        lead(score, 2) over (partition by course_id order by attended_rank) as after_2,
        lead(score, 3) over (partition by course_id order by attended_rank) as after_3,
        lead(score, 4) over (partition by course_id order by attended_rank) as after_4,
        lead(score, 5) over (partition by course_id order by attended_rank) as after_5,
        lead(score, 6) over (partition by course_id order by attended_rank) as after_6
    from scored_sessions
)

select
    course_id,
    attended_rank,
    rupture = 1 as has_rupture,
    next_onset_rank,
    baseline,
    before_3,
    before_2,
    before_1,
    onset,
    after_1,
    after_2,
    after_3,
    after_4,
    after_5,
    after_6
from windows
where rupture = 1 or (disturbed = 0 and baseline is not null and onset is not null)
