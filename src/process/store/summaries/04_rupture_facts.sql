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
        first_steps.rupture_id,
        ruptures.course_id,
        greatest(first_steps.repaired_session, first_steps.patient_session, first_steps.therapist_session) as session_number
    from first_steps
    inner join ruptures on ruptures.rupture_id = first_steps.rupture_id
    where first_steps.repaired_session is not null and first_steps.patient_session is not null and first_steps.therapist_session is not null
),

-- The joins are on the course alone and the order is a case inside: a join on an inequality would compare every repair with every session of the clinic.
repair_ranks as (
    select
        repairs.rupture_id,
        min(case when attended.session_number >= repairs.session_number then attended.attended_rank end) as repaired_rank
    from repairs
    inner join attended on attended.course_id = repairs.course_id
    where attended.attended_rank >= 1
    group by repairs.rupture_id
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

patient_scores as (
    select
        placed_ruptures.rupture_id,
        case
            when alliance_scores.attended_rank between placed_ruptures.onset_rank - 3 and placed_ruptures.onset_rank - 1 then alliance_scores.pomp
        end as earlier_pomp
    from placed_ruptures
    inner join alliance_scores on alliance_scores.course_id = placed_ruptures.course_id
    where alliance_scores.rater = 'patient' and alliance_scores.attended_rank >= 1
),

baselines as (
    select
        rupture_id,
        avg(earlier_pomp) as baseline,
        count(earlier_pomp) as baseline_scores
    from patient_scores
    group by rupture_id
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
