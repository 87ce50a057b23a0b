-- Possible ruptures of the cohort's courses, one row each: the patient's score there, in the sessions after, and what was to be expected of them from the
-- scores up to that session. Found and worked out when the records were taken in.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    dip_expectations.onset_rank,
    dip_expectations.level,
    dip_expectations.onset,
    dip_expectations.observed_1,
    dip_expectations.observed_2,
    dip_expectations.observed_3,
    dip_expectations.expected_1,
    dip_expectations.expected_2,
    dip_expectations.expected_3
from cohort
inner join dip_expectations on dip_expectations.course_id = cohort.course_id
order by cohort.length, cohort.course_id, dip_expectations.onset_rank
