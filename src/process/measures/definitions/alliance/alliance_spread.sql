-- How course means lie on the scale, and how a course's sessions lie around its mean: counts by band. A band is $band_width POMP points wide and `place` is its
-- middle in such widths (rounded first: equal levels must not fall on two sides of an edge), on the scale for course means and from the course's own mean for sessions. Sessions: of courses with two scores or more.
with patient_scores as (
    select
        course_id,
        pomp,
        avg(pomp) over (partition by course_id) as course_mean,
        count(*) over (partition by course_id) as scores
    from alliance_scores
    where rater = 'patient' and attended_rank >= 1
),

placed_courses as (
    select distinct
        course_id,
        'courses' as part,
        cast(floor(round(course_mean / $band_width, 6) + 0.5) as integer) as place,
        1 as counted
    from patient_scores
),

placed_sessions as (
    select
        course_id,
        'sessions' as part,
        cast(floor(round((pomp - course_mean) / $band_width, 6) + 0.5) as integer) as place,
        count(*) as counted
    from patient_scores
    where scores >= 2
    group by course_id, cast(floor(round((pomp - course_mean) / $band_width, 6) + 0.5) as integer)
),

placed as (
    select course_id, part, place, counted from placed_courses
    union all
    select course_id, part, place, counted from placed_sessions
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    placed.part,
    placed.place,
    sum(placed.counted) as counted,
    count(*) as courses
from cohort
inner join placed on placed.course_id = cohort.course_id
group by cohort.length, cohort.therapist_id, cohort.cluster_id, placed.part, placed.place
