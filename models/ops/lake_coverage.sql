{{ config(meta={'publish': 'table'}) }}
-- What is there for every symbol and session between its first and its last row.
with

minutes as (

    select
        symbol,
        session_date,
        minutes,
        expected_minutes
    from {{ ref('int_bars__session') }}

),

chains as (

    select
        symbol,
        session_date,
        count_staged as count_option_rows,
        count_expirations
    from {{ ref('int_lake__option_days') }}

),

days as (

    select
        symbol,
        session_date
    from {{ ref('int_bars__panel') }}
    union
    select
        symbol,
        session_date
    from minutes
    union
    select
        symbol,
        session_date
    from chains

)

select
    days.symbol,
    days.session_date,
    daily.bar_source,
    daily.source,
    coalesce(minutes.minutes, 0) as count_minutes,
    coalesce(minutes.expected_minutes, sessions.minutes) as expected_minutes,
    coalesce(minutes.minutes / minutes.expected_minutes, 0) as coverage,
    coalesce(chains.count_option_rows, 0) as count_option_rows,
    coalesce(chains.count_expirations, 0) as count_expirations
from days
inner join {{ ref('dim_sessions') }} as sessions using (session_date)
left join {{ ref('int_bars__daily') }} as daily using (symbol, session_date)
left join minutes using (symbol, session_date)
left join chains using (symbol, session_date)
