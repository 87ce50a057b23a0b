-- Courses that have ended, by length and therapist: how many there are, in how many it happened, in how many the clinic's case-mix model expected it, and the
-- variance by chance of that number.
-- Beside them, on every row, the numbers of this quarter that limits and shrunk estimates rest on, estimated from the whole clinic.
with clinic_numbers as (
    select
        max(case when part = 'target' then value end) as target,
        max(case when part = 'phi' then value end) as phi,
        max(case when part = 'tau' then value end) as tau,
        max(case when part = 'tau, case mix not taken out' then value end) as tau_uncorrected,
        max(case when part = 'prior_a' then value end) as prior_a,
        max(case when part = 'prior_b' then value end) as prior_b,
        max(case when part = 'variance share' then value end) as variance_share,
        max(case when part = 'variance share from' then value end) as variance_share_from,
        max(case when part = 'variance share to' then value end) as variance_share_to
    from clinic_parameters
    where parameter = concat('fair_', cast($outcome as string))
),

outcomes as (
    select
        course_id,
        case cast($outcome as string) when 'dropout' then stopped when 'improvement' then improved end as happened,
        case cast($outcome as string) when 'dropout' then stopped_expected when 'improvement' then improved_expected end as expected
    from case_mix
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(*) as courses,
    sum(outcomes.happened) as observed,
    sum(outcomes.expected) as anticipated,
    sum(outcomes.expected * (1.0 - outcomes.expected)) as variance,
    max(clinic_numbers.target) as target,
    max(clinic_numbers.phi) as phi,
    max(clinic_numbers.tau) as tau,
    max(clinic_numbers.tau_uncorrected) as tau_uncorrected,
    max(clinic_numbers.prior_a) as prior_a,
    max(clinic_numbers.prior_b) as prior_b,
    max(clinic_numbers.variance_share) as variance_share,
    max(clinic_numbers.variance_share_from) as variance_share_from,
    max(clinic_numbers.variance_share_to) as variance_share_to
from cohort
inner join outcomes on outcomes.course_id = cohort.course_id
cross join clinic_numbers
where outcomes.happened is not null
group by cohort.length, cohort.therapist_id, cohort.cluster_id
