-- One day bar per symbol and session: from minutes where enough of them are there, else the day
-- bar of the source that comes first. link_close is that source's own close of the session
-- before, so that a change of source or of price basis never looks like a return: of the same kind
-- (minutes or day bar) where there is one, for an auction makes the two differ. Staged rows of a
-- session were known before the next one opened.
with

from_minutes as (

    select
        symbol,
        session_date,
        known_at,
        open,
        high,
        low,
        close,
        volume,
        transactions,
        dollar_volume / nullif(volume, 0) as vwap,
        price_basis,
        source,
        'minutes' as bar_source,
        minutes / expected_minutes as coverage
    from {{ ref('int_bars__session') }}
    where minutes >= {{ var('day_bar_min_coverage') }} * expected_minutes

),

day_bars as (

    select
        day_rows.symbol,
        day_rows.session_date,
        day_rows.known_at,
        day_rows.open,
        day_rows.high,
        day_rows.low,
        day_rows.close,
        day_rows.volume,
        day_rows.transactions,
        day_rows.vwap,
        day_rows.price_basis,
        day_rows.source,
        'day' as bar_source,
        null::double as coverage,
        row_number() over (
            partition by day_rows.symbol, day_rows.session_date
            order by
                coalesce(priorities.priority, 100) asc,
                day_rows.source asc,
                day_rows.ts desc,
                day_rows.close asc
        ) as choice
    from {{ ref('int_bars__day_rows') }} as day_rows
    left join {{ ref('source_priority') }} as priorities using (source)

),

chosen as (

    select * from from_minutes
    union all by name
    select * exclude (choice)
    from day_bars
    anti join from_minutes using (symbol, session_date)
    where choice = 1

),

closes as (

    select
        symbol,
        session_date,
        source,
        price_basis,
        arg_max(close, (ts, -close)) as day_close,
        null::double as minutes_close
    from {{ ref('int_bars__day_rows') }}
    group by symbol, session_date, source, price_basis
    union all
    select
        symbol,
        session_date,
        source,
        price_basis,
        null::double as day_close,
        close as minutes_close
    from from_minutes

),

own_closes as (

    select
        symbol,
        session_date,
        source,
        price_basis,
        max(day_close) as day_close,
        max(minutes_close) as minutes_close
    from closes
    group by symbol, session_date, source, price_basis

)

select
    chosen.*,
    if(
        chosen.bar_source = 'minutes',
        coalesce(own_closes.minutes_close, own_closes.day_close),
        coalesce(own_closes.day_close, own_closes.minutes_close)
    ) as link_close
from chosen
inner join {{ ref('dim_sessions') }} as sessions using (session_date)
left join own_closes
    on
        chosen.symbol = own_closes.symbol
        and sessions.previous_session = own_closes.session_date
        and chosen.source = own_closes.source
        and chosen.price_basis = own_closes.price_basis
