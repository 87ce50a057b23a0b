-- The match window by band of the early level: for every figure of a course (early level, trend and gap; decision on record; ending; attended sessions) the
-- number of courses and the total, by length and cluster. Only courses whose window is over; nothing after session $window_sessions decides about a band.
-- Levels are rounded, so that equal ones stay equal whatever the order of adding.
with edges as (
    select
        max(case when part = 'lower' then value end) as lower_edge,
        max(case when part = 'upper' then value end) as upper_edge
    from clinic_parameters
    where parameter = 'early_alliance_thirds'
),

window_scores as (
    select
        course_id,
        attended_rank,
        max(case when rater = 'patient' then pomp end) as patient,
        max(case when rater = 'therapist' then pomp end) as therapist
    from alliance_scores
    where attended_rank between 1 and $window_sessions
    group by course_id, attended_rank
),

window_sums as (
    select
        course_id,
        round(avg(patient), 6) as level,
        avg(patient - therapist) as gap,
        count(patient) as scores,
        sum(case when patient is not null then attended_rank end) as ranks,
        sum(case when patient is not null then attended_rank * attended_rank end) as squared_ranks,
        sum(patient) as total,
        sum(patient * attended_rank) as crossed
    from window_scores
    group by course_id
),

window_courses as (
    select
        cohort.length,
        cohort.therapist_id,
        cohort.cluster_id,
        case
            when window_sums.level < edges.lower_edge then 'lower'
            when window_sums.level < edges.upper_edge then 'middle'
            else 'upper'
        end as band,
        window_sums.level,
        window_sums.gap,
        case
            when window_sums.scores >= 2
                then
                    (window_sums.scores * window_sums.crossed - window_sums.ranks * window_sums.total)
                    / (window_sums.scores * window_sums.squared_ranks - window_sums.ranks * window_sums.ranks)
        end as trend,
        coalesce(courses.match_decision, 'none') as decision,
        course_facts.ending,
        cohort.so_far,
        course_facts.ended
    from cohort
    inner join window_sums on window_sums.course_id = cohort.course_id
    inner join course_facts on course_facts.course_id = cohort.course_id
    inner join courses on courses.course_id = cohort.course_id
    cross join edges
    where
        window_sums.level is not null
        and edges.lower_edge is not null
        and (cohort.so_far >= $window_sessions or course_facts.ended)
),

decisions as (
    select 'continue' as code
    union all
    select 'change_therapist' as code
    union all
    select 'refer' as code
    union all
    select 'none' as code
),

endings as (
    select 'still_going' as code
    union all
    select 'planned' as code
    union all
    select 'patient_stopped' as code
    union all
    select 'therapist_ended' as code
    union all
    select 'moved_on' as code
    union all
    select 'unknown' as code
),

figures as (
    select length, therapist_id, cluster_id, band, 'early' as about, 'level' as what, level as value from window_courses
    union all
    select length, therapist_id, cluster_id, band, 'early' as about, 'trend' as what, trend as value from window_courses where trend is not null
    union all
    select length, therapist_id, cluster_id, band, 'early' as about, 'gap' as what, gap as value from window_courses where gap is not null
    union all
    select length, therapist_id, cluster_id, band, 'length' as about, 'sessions' as what, so_far as value from window_courses where ended
    union all
    select
        window_courses.length,
        window_courses.therapist_id,
        window_courses.cluster_id,
        window_courses.band,
        'decision' as about,
        decisions.code as what,
        case when window_courses.decision = decisions.code then 1 else 0 end as value
    from window_courses
    cross join decisions
    union all
    select
        window_courses.length,
        window_courses.therapist_id,
        window_courses.cluster_id,
        window_courses.band,
        'ending' as about,
        endings.code as what,
        case when window_courses.ending = endings.code then 1 else 0 end as value
    from window_courses
    cross join endings
)

select
    length,
    therapist_id,
    cluster_id,
    band,
    about,
    what,
    count(*) as courses,
    sum(value) as total
from figures
group by length, therapist_id, cluster_id, band, about, what
