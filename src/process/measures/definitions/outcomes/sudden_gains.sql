-- Courses in which a sudden shift could have been found, a row each and form, by length: their first sudden gain and their first sudden loss.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    sudden_shifts.form,
    sudden_shifts.gain_session,
    sudden_shifts.gain_size,
    sudden_shifts.gain_reversed,
    sudden_shifts.loss_session,
    sudden_shifts.loss_size
from cohort
inner join sudden_shifts on sudden_shifts.course_id = cohort.course_id
order by cohort.length, cohort.course_id, sudden_shifts.form
