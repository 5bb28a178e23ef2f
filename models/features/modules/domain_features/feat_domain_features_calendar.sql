-- Sessions to and since scheduled announcements, of those whose date was known when the session
-- opened: known in advance, so features_daily does not lag them.
{% set horizon = 252 -%}
with

sessions as (

    select
        session_date,
        session_index,
        open_at
    from {{ ref('dim_sessions') }}

),

events as (

    select
        lower(event) as event,
        event_date,
        known_at
    from {{ ref('stg_lake__events') }}
    where lower(event) in ('fomc', 'cpi')

),

-- An announcement on a day without a session is met by the next one.
placed as (

    select
        events.event,
        events.known_at,
        sessions.session_index
    from events
    asof inner join sessions on events.event_date <= sessions.session_date

),

distances as (

    select
        sessions.session_date,
        placed.event,
        placed.session_index - sessions.session_index as ahead
    from sessions
    inner join placed
        on
            sessions.session_index between placed.session_index - {{ horizon }}
            and placed.session_index + {{ horizon }}
            and sessions.open_at >= placed.known_at

),

nearest as (

    select
        session_date,
        {% for event in ['fomc', 'cpi'] -%}
        min(ahead) filter (where event = '{{ event }}' and ahead >= 0) as {{ event }}_to,
        -max(ahead) filter (where event = '{{ event }}' and ahead < 0) as {{ event }}_since,
        {% endfor -%}
    from distances
    group by session_date

)

select
    sessions.session_date,
    nearest.fomc_to::double as dom_fomc_to,
    nearest.fomc_since::double as dom_fomc_since,
    nearest.cpi_to::double as dom_cpi_to,
    nearest.cpi_since::double as dom_cpi_since
from sessions
left join nearest on sessions.session_date = nearest.session_date
