-- One row a recorded rupture: where it showed on the attended axis, when the next one in the course did, the patient's alliance before it, and whether
-- and when it was repaired. Repaired = a repaired step and an acknowledgement by each of the two, dated by the latest of the three. A rupture recorded at
-- the intake assessment or at an appointment that did not take place has no onset_rank.
with first_steps as (
    select
        rupture_steps.rupture_id,
        min(case when rupture_steps.step = 'repaired' then rupture_steps.session_number end) as repaired_session,
        min(case when rupture_steps.step = 'acknowledged' and rupture_steps.by = 'patient' then rupture_steps.session_number end) as patient_session,
        min(case when rupture_steps.step = 'acknowledged' and rupture_steps.by = 'therapist' then rupture_steps.session_number end) as therapist_session
    from rupture_steps
    group by rupture_steps.rupture_id
),

repairs as (
    select
        rupture_id,
        greatest(repaired_session, patient_session, therapist_session) as session_number
    from first_steps
    where repaired_session is not null and patient_session is not null and therapist_session is not null
),

repair_ranks as (
    select
        ruptures.rupture_id,
        min(attended.attended_rank) as repaired_rank
    from ruptures
    inner join repairs on repairs.rupture_id = ruptures.rupture_id
    inner join attended
        on attended.course_id = ruptures.course_id and attended.attended_rank >= 1 and attended.session_number >= repairs.session_number
    group by ruptures.rupture_id
),

placed_ruptures as (
    select
        ruptures.rupture_id,
        ruptures.course_id,
        ruptures.kind,
        ruptures.moved_by,
        attended.attended_rank as onset_rank,
        repairs.session_number is not null as repaired,
        repair_ranks.repaired_rank
    from ruptures
    left join attended
        on
            attended.course_id = ruptures.course_id
            and attended.session_number = ruptures.session_number
            and attended.attended_rank >= 1
    left join repairs on repairs.rupture_id = ruptures.rupture_id
    left join repair_ranks on repair_ranks.rupture_id = ruptures.rupture_id
),

baselines as (
    select
        placed_ruptures.rupture_id,
        avg(alliance_scores.pomp) as baseline,
        count(*) as baseline_scores
    from placed_ruptures
    inner join alliance_scores
        on
            alliance_scores.course_id = placed_ruptures.course_id
            and alliance_scores.rater = 'patient'
            and alliance_scores.attended_rank >= 1
            and alliance_scores.attended_rank between placed_ruptures.onset_rank - 3 and placed_ruptures.onset_rank - 1
    group by placed_ruptures.rupture_id
)

select
    placed_ruptures.rupture_id,
    placed_ruptures.course_id,
    placed_ruptures.kind,
    placed_ruptures.moved_by,
    placed_ruptures.onset_rank,
    min(placed_ruptures.onset_rank) over (
        partition by placed_ruptures.course_id order by placed_ruptures.onset_rank
        range between 1 following and unbounded following
    ) as next_onset_rank,
    placed_ruptures.repaired,
    placed_ruptures.repaired_rank,
    baselines.baseline,
    coalesce(baselines.baseline_scores, 0) as baseline_scores
from placed_ruptures
left join baselines on baselines.rupture_id = placed_ruptures.rupture_id
