-- Continuous zero rates, as fractions per year.
select
    date as rate_date,
    tenor_days,
    rate,
    source,
    known_at
from {{ source('lake', 'rates') }}
