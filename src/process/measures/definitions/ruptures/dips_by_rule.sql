-- What each rule finds: courses that it can tell about, those with a possible rupture, their scored sessions, and the possible ruptures; apart from them
-- the courses with too few scores to tell and those without a score that the rule reads. A state is 1 in a dip, 0 not, -1 too few scores.
with rule_courses as (
    select
        course_id,
        'drop_1sd' as rule,
        count(drop_1sd) as sessions,
        max(drop_1sd) as state
    from dip_sessions
    group by course_id
    union all
    select
        course_id,
        'drop_2sd' as rule,
        count(drop_2sd) as sessions,
        max(drop_2sd) as state
    from dip_sessions
    group by course_id
    union all
    select
        course_id,
        'reliable_drop' as rule,
        count(reliable_drop) as sessions,
        max(reliable_drop) as state
    from dip_sessions
    group by course_id
    union all
    select
        course_id,
        'xmr' as rule,
        count(xmr) as sessions,
        max(xmr) as state
    from dip_sessions
    group by course_id
    union all
    select
        course_id,
        'srs_cutoff' as rule,
        count(srs_cutoff) as sessions,
        max(srs_cutoff) as state
    from dip_sessions
    group by course_id
),

course_dips as (
    select
        course_id,
        rule,
        count(*) as possible
    from dips
    group by course_id, rule
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    rule_courses.rule,
    count(*) filter (where rule_courses.state >= 0) as courses,
    count(*) filter (where rule_courses.state = 1) as with_dip,
    coalesce(sum(rule_courses.sessions) filter (where rule_courses.state >= 0), 0) as sessions,
    coalesce(sum(course_dips.possible), 0) as possible,
    count(*) filter (where rule_courses.state = -1) as too_short,
    count(*) filter (where rule_courses.state is null) as not_read
from cohort
inner join rule_courses on rule_courses.course_id = cohort.course_id
left join course_dips on course_dips.course_id = cohort.course_id and course_dips.rule = rule_courses.rule
group by 1, 2, 3, 4
