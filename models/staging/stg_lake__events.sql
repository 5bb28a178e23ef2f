-- Scheduled announcements; known_at is when the schedule was published.
select
    event,
    date as event_date,
    time as event_time,
    source,
    known_at
from {{ source('lake', 'events') }}
