-- What the variances of the patients' alliance scores (POMP) are made of: by length and cluster the number of courses and scores, the scores' sum and sum of
-- squares, and over the courses the sums of (sum of scores)^2 / n and of n^2, n being a course's number of scores.
with course_sums as (
    select
        course_id,
        count(*) as scores,
        sum(pomp) as total,
        sum(pomp * pomp) as squares
    from alliance_scores
    where rater = 'patient' and attended_rank >= 1
    group by course_id
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    count(*) as courses,
    sum(course_sums.scores) as scores,
    sum(course_sums.total) as total,
    sum(course_sums.squares) as squares,
    sum(course_sums.total * course_sums.total / course_sums.scores) as course_squares,
    sum(course_sums.scores * course_sums.scores) as scores_squared
from cohort
inner join course_sums on course_sums.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id
