-- Scored sessions with a rupture on record, and sessions in which somebody looked and recorded none: in how many a possible rupture is open by each rule.
with rules as (
    select 'drop_1sd' as rule
    union all
    select 'drop_2sd'
    union all
    select 'reliable_drop'
    union all
    select 'xmr'
    union all
    select 'srs_cutoff'
),

rupture_sessions as (
    select distinct
        course_id,
        onset_rank
    from rupture_facts
    where onset_rank is not null
),

reviewed_sessions as (
    select
        attended.course_id,
        attended.attended_rank,
        case when rupture_sessions.course_id is null then 'none_found' else 'rupture_found' end as looked
    from attended
    left join rupture_sessions
        on rupture_sessions.course_id = attended.course_id and rupture_sessions.onset_rank = attended.attended_rank
    where rupture_sessions.course_id is not null or attended.rupture_reviewed <> 'no'
),

rule_sessions as (
    select
        dip_sessions.course_id,
        reviewed_sessions.looked,
        rules.rule,
        case rules.rule
            when 'drop_1sd' then dip_sessions.drop_1sd
            when 'drop_2sd' then dip_sessions.drop_2sd
            when 'reliable_drop' then dip_sessions.reliable_drop
            when 'xmr' then dip_sessions.xmr
            when 'srs_cutoff' then dip_sessions.srs_cutoff
        end as state
    from dip_sessions
    inner join reviewed_sessions
        on reviewed_sessions.course_id = dip_sessions.course_id and reviewed_sessions.attended_rank = dip_sessions.attended_rank
    cross join rules
),

course_sessions as (
    select
        course_id,
        concat(rule, ' ', looked) as rule_and_record,
        count(*) as sessions,
        sum(state) as in_a_dip
    from rule_sessions
    where state >= 0
    group by 1, 2
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    course_sessions.rule_and_record,
    sum(course_sessions.sessions) as sessions,
    sum(course_sessions.in_a_dip) as in_a_dip,
    count(*) as courses
from cohort
inner join course_sessions on course_sessions.course_id = cohort.course_id
group by 1, 2, 3, 4
