-- Course by course: recorded ruptures, and those that were repaired: a repair step and an acknowledgement by each of the two.
select
    course_id,
    'repaired' as "group",
    0 as point,
    cast(count(*) filter (where repaired) as double) as part,
    cast(count(*) as double) as whole
from rupture_facts
group by course_id
