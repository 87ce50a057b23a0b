-- Attended sessions by whether somebody looked for a rupture in them and, if so, whether one is on record; a row a course and group.
with rupture_sessions as (
    select distinct
        course_id,
        onset_rank
    from rupture_facts
    where onset_rank is not null
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    case
        when attended.rupture_reviewed is null then 'not_recorded'
        when attended.rupture_reviewed = 'no' then 'nobody_looked'
        when rupture_sessions.course_id is null then 'none_found'
        else 'rupture_found'
    end as looked,
    count(*) as sessions
from cohort
inner join attended on attended.course_id = cohort.course_id and attended.attended_rank >= 1
left join rupture_sessions
    on rupture_sessions.course_id = attended.course_id and rupture_sessions.onset_rank = attended.attended_rank
group by 1, 2, 3, 4, 5
