-- Raw scores on the Session Rating Scale (0 to 40) of every attended session, course by course in order, also where another form counts for the alliance.
select
    scores.course_id,
    attended.attended_rank,
    scores.value as score
from scores
inner join attended
    on attended.course_id = scores.course_id and attended.session_number = scores.session_number
where
    scores.instrument = 'srs'
    and scores.form = 'standard'
    and scores.rater = 'patient'
    and scores.value is not null
    and attended.attended_rank >= 1
order by scores.course_id, attended.attended_rank
