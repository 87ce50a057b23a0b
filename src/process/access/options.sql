with own_courses as (
    select * from course_facts where $therapist is null or therapist_id = $therapist
),
codes as (
    select 'team' as filter, team as code from own_courses
    union all select 'modality', modality from own_courses
    union all select 'problem', problem from own_courses
    union all select 'ending', ending from own_courses
    union all select 'start', start_quarter from own_courses
)
select distinct filter, code from codes where code is not null order by filter, code
