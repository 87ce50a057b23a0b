-- Possible ruptures by the rule drop_1sd: one session, several, or recurring in the course, and whether the score came back; a row a course and group.
select
    cohort.length,
    cohort.therapist_id,
    cohort.cluster_id,
    cohort.course_id,
    concat(dips.state, case when dips.returned_rank is null then '_open' else '_returned' end) as episode,
    count(*) as possible
from cohort
inner join dips on dips.course_id = cohort.course_id
where dips.rule = 'drop_1sd'
group by 1, 2, 3, 4, 5
