-- The clinic's pooled SD of the patient's alliance within courses, which falls are judged against.
select value
from clinic_parameters
where parameter = 'within_course_sd' and part = 'patient'
