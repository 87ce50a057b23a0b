with own_courses as (
    select * from course_facts where cast($therapists as string) is null or position('|' || therapist_id || '|' in cast($therapists as string)) > 0
),
codes as (
    select 'team' as filter, team as code from own_courses
    union all select 'modality', modality from own_courses
    union all select 'problem', problem from own_courses
    union all select 'ending', ending from own_courses
    union all select 'start', start_quarter from own_courses
    union all select 'therapist', therapist_id from own_courses
)
select distinct filter, code from codes where code is not null order by filter, code
