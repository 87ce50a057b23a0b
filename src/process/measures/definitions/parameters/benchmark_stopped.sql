-- Course by course: whether the patient stopped it.
select
    course_id,
    'patient_stopped' as "group",
    0 as point,
    cast(case when ending = 'patient_stopped' then 1 else 0 end as double) as part,
    cast(1 as double) as whole
from course_facts
where ended
