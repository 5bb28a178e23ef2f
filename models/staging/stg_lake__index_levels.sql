-- Daily index levels; a level is known a quarter of an hour after the close.
select
    "index" as index_symbol,
    session_date,
    open,
    high,
    low,
    close,
    source,
    known_at
from {{ source('lake', 'index_levels') }}
