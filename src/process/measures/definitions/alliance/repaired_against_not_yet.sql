-- Ruptures whose course was still in therapy three attended sessions later (the landmark), one row each: repaired by then or not yet, with the patient's
-- alliance around them. Two ruptures in one session are one row, repaired when both are.
with landmarks as (
    select
        course_id,
        onset_rank,
        min(case when repaired_rank <= onset_rank + $landmark then 1 else 0 end) as repaired_by_landmark
    from rupture_facts
    where onset_rank is not null
    group by course_id, onset_rank
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    session_windows.attended_rank,
    landmarks.repaired_by_landmark = 1 as repaired_by_landmark,
    session_windows.next_onset_rank,
    session_windows.baseline,
    session_windows.before_3,
    session_windows.before_2,
    session_windows.before_1,
    session_windows.onset,
    session_windows.after_1,
    session_windows.after_2,
    session_windows.after_3,
    session_windows.after_4,
    session_windows.after_5,
    session_windows.after_6
from cohort
inner join landmarks on landmarks.course_id = cohort.course_id
inner join session_windows
    on session_windows.course_id = landmarks.course_id and session_windows.attended_rank = landmarks.onset_rank
where cohort.so_far >= landmarks.onset_rank + $landmark
order by cohort.length, cohort.course_id, session_windows.attended_rank
