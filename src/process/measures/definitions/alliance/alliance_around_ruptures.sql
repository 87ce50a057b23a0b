-- The patient's alliance around recorded ruptures as change from the baseline before them: ruptures and total change by length, by offset in attended
-- sessions (0 = the session in which the rupture showed), and apart by $apart_by: what became of them, their kind, whose move, or the band of length.
with changes as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        cohort.course_id,
        case cast($apart_by as string)
            when 'fate' then case when rupture_facts.repaired then 'repaired' else 'not_repaired' end
            when 'kind' then rupture_facts.kind
            when 'moved by' then rupture_facts.moved_by
            when 'length' then case
                when cohort.length <= 3 then '1-3'
                when cohort.length <= 8 then '4-8'
                when cohort.length <= 16 then '9-16'
                when cohort.length <= 30 then '17-30'
                else '31+'
            end
        end as part,
        alliance_scores.attended_rank - rupture_facts.onset_rank as distance,
        alliance_scores.pomp - rupture_facts.baseline as change
    from cohort
    inner join rupture_facts on rupture_facts.course_id = cohort.course_id
    inner join alliance_scores
        on
            alliance_scores.course_id = rupture_facts.course_id
            and alliance_scores.rater = 'patient'
            and alliance_scores.attended_rank >= 1
            and alliance_scores.attended_rank between rupture_facts.onset_rank - $sessions_before and rupture_facts.onset_rank + $sessions_after
    where rupture_facts.baseline is not null
)

select
    length,
    therapist_id,
    cluster_id,
    part,
    distance,
    count(*) as ruptures,
    sum(change) as total,
    count(distinct course_id) as courses
from changes
group by length, therapist_id, cluster_id, part, distance
