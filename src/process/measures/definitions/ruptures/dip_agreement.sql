-- Scored sessions that two rules can both tell about: in how many a possible rupture is open by the one, by the other, and by both, for each pair of rules.
with pairs as (
    select
        'drop_1sd' as rule,
        'drop_2sd' as other
    union all
    select
        'drop_1sd',
        'reliable_drop'
    union all
    select
        'drop_1sd',
        'xmr'
    union all
    select
        'drop_1sd',
        'srs_cutoff'
    union all
    select
        'drop_2sd',
        'reliable_drop'
    union all
    select
        'drop_2sd',
        'xmr'
    union all
    select
        'drop_2sd',
        'srs_cutoff'
    union all
    select
        'reliable_drop',
        'xmr'
    union all
    select
        'reliable_drop',
        'srs_cutoff'
    union all
    select
        'xmr',
        'srs_cutoff'
),

pair_sessions as (
    select
        dip_sessions.course_id,
        pairs.rule,
        pairs.other,
        case pairs.rule
            when 'drop_1sd' then dip_sessions.drop_1sd
            when 'drop_2sd' then dip_sessions.drop_2sd
            when 'reliable_drop' then dip_sessions.reliable_drop
            when 'xmr' then dip_sessions.xmr
            when 'srs_cutoff' then dip_sessions.srs_cutoff
        end as in_rule,
        case pairs.other
            when 'drop_1sd' then dip_sessions.drop_1sd
            when 'drop_2sd' then dip_sessions.drop_2sd
            when 'reliable_drop' then dip_sessions.reliable_drop
            when 'xmr' then dip_sessions.xmr
            when 'srs_cutoff' then dip_sessions.srs_cutoff
        end as in_other
    from dip_sessions
    cross join pairs
),

pair_courses as (
    select
        course_id,
        rule,
        other,
        count(*) as sessions,
        sum(in_rule) as in_rule,
        sum(in_other) as in_other,
        sum(in_rule * in_other) as in_both
    from pair_sessions
    where in_rule >= 0 and in_other >= 0
    group by course_id, rule, other
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    concat(pair_courses.rule, ' ', pair_courses.other) as pair,
    sum(pair_courses.sessions) as sessions,
    sum(pair_courses.in_rule) as in_rule,
    sum(pair_courses.in_other) as in_other,
    sum(pair_courses.in_both) as in_both,
    count(*) as courses
from cohort
inner join pair_courses on pair_courses.course_id = cohort.course_id
group by 1, 2, 3, 4
