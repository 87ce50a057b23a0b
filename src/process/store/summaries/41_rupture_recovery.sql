-- One row a recorded rupture with a place on the attended axis: whether the patient's score fell at its onset, and when it came back. It fell where the
-- score at onset lies under the baseline (rupture_facts); `fell` is missing where one of the two is. Back = a later score at the baseline or above, less
-- a quarter of the drop down to the lowest score until then. Another fact than repair.
with later_scores as (
    select
        rupture_facts.rupture_id,
        rupture_facts.onset_rank,
        rupture_facts.baseline,
        alliance_scores.attended_rank,
        alliance_scores.pomp,
        min(alliance_scores.pomp) over (
            partition by rupture_facts.rupture_id order by alliance_scores.attended_rank
            rows between unbounded preceding and 1 preceding
        ) as lowest
    from rupture_facts
    inner join alliance_scores on alliance_scores.course_id = rupture_facts.course_id
    where alliance_scores.rater = 'patient' and alliance_scores.attended_rank >= rupture_facts.onset_rank
),

recoveries as (
    select
        rupture_id,
        max(case when attended_rank = onset_rank then baseline - pomp end) as drop_at_onset,
        min(case when attended_rank > onset_rank and pomp >= baseline - 0.25 * (baseline - lowest) - 0.000000001 then attended_rank end) as back_rank
    from later_scores
    group by rupture_id
)

select
    rupture_facts.rupture_id,
    rupture_facts.course_id,
    recoveries.drop_at_onset > 0.000000001 as fell,
    case when recoveries.drop_at_onset > 0.000000001 then recoveries.back_rank end as recovered_rank
from rupture_facts
left join recoveries on recoveries.rupture_id = rupture_facts.rupture_id
where rupture_facts.onset_rank is not null
