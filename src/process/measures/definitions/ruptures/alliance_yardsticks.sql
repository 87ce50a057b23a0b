-- What the registry knows of each form in which patients rate the alliance: its range, its published reliable change, its SD and its reliability.
select
    instrument,
    form,
    100.0 / (maximum - minimum) as points,
    reliable_change,
    clinical_sd,
    reliability
from instruments
where construct = 'alliance' and rater = 'patient'
order by instrument, form
