-- The courses behind every figure: the viewer's scope and all filters but the range of lengths. `length` is missing where the basis is unknown for a
-- course. Lists arrive as '|a|b|'; a filter that is null lets everything through. $therapists is the scope: null for the whole clinic, '|' for nobody's
-- courses. Within one caseload, where clusters are courses, it holds one code, which is compared as it stands: four times as fast.
select
    course_id,
    therapist_id,
    case when $cluster = 'course' then course_id else therapist_id end as cluster_id,
    case $basis
        when 'completed' then completed
        when 'so_far' then so_far
        when 'planned' then planned
    end as length,
    so_far
from course_facts
where
    (
        cast($therapists as string) is null
        or case
            when $cluster = 'course' then therapist_id = replace(cast($therapists as string), '|', '')
            else position('|' || therapist_id || '|' in cast($therapists as string)) > 0
        end
    )
    and (cast($teams as string) is null or position('|' || team || '|' in cast($teams as string)) > 0)
    and (cast($modalities as string) is null or position('|' || modality || '|' in cast($modalities as string)) > 0)
    and (cast($problems as string) is null or position('|' || problem || '|' in cast($problems as string)) > 0)
    and (cast($endings as string) is null or position('|' || ending || '|' in cast($endings as string)) > 0)
    and (cast($start_from as string) is null or start_quarter >= cast($start_from as string))
    and (cast($start_to as string) is null or start_quarter <= cast($start_to as string))
