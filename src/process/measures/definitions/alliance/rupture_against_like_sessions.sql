-- Sessions with a rupture on record and sessions like them, one row each, with the patient's alliance around them. The choice of like sessions is made in
-- the summary session_windows and looks only backwards.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    session_windows.attended_rank,
    session_windows.has_rupture,
    session_windows.next_onset_rank,
    session_windows.baseline,
    session_windows.before_3,
    session_windows.before_2,
    session_windows.before_1,
    session_windows.onset,
    session_windows.after_1,
    session_windows.after_2,
    session_windows.after_3
from cohort
inner join session_windows on session_windows.course_id = cohort.course_id
order by cohort.length, cohort.course_id, session_windows.attended_rank
