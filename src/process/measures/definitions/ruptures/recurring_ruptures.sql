-- Courses with a recorded rupture by whether ruptures recur in them: three or more, or two with the same coded theme.
with course_themes as (
    select
        course_id,
        theme,
        count(*) as ruptures
    from ruptures
    group by course_id, theme
),

course_ruptures as (
    select
        course_id,
        sum(ruptures) as ruptures,
        max(case when theme is not null then ruptures else 0 end) as same_theme
    from course_themes
    group by course_id
)

select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    case
        when course_ruptures.same_theme >= $same_theme then 'same_theme'
        when course_ruptures.ruptures >= $recurring then 'three_or_more'
        when course_ruptures.ruptures = 1 then 'one'
        else 'two'
    end as recurrence,
    1 as courses
from cohort
inner join course_ruptures on course_ruptures.course_id = cohort.course_id
