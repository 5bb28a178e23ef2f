-- One day bar per symbol and session: from minutes where enough of them are there, else the day
-- bar of the source that comes first. link_close is that source's own close of the session
-- before, so that a change of source or of price basis never looks like a return.
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
        stocks.symbol,
        stocks.session_date,
        stocks.known_at,
        stocks.open,
        stocks.high,
        stocks.low,
        stocks.close,
        stocks.volume,
        stocks.transactions,
        stocks.vwap,
        stocks.price_basis,
        stocks.source,
        'day' as bar_source,
        null::double as coverage,
        row_number() over (
            partition by stocks.symbol, stocks.session_date
            order by
                coalesce(priorities.priority, 100) asc,
                stocks.source asc,
                stocks.ts desc,
                stocks.close asc
        ) as choice
    from {{ ref('stg_lake__stocks') }} as stocks
    left join {{ ref('source_priority') }} as priorities using (source)
    where stocks.bar_seconds = {{ day_seconds() }}

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
        close
    from {{ ref('stg_lake__stocks') }}
    where bar_seconds = {{ day_seconds() }}
    union
    select
        symbol,
        session_date,
        source,
        price_basis,
        close
    from from_minutes

)

select
    chosen.*,
    max(closes.close) as link_close
from chosen
inner join {{ ref('dim_sessions') }} as sessions using (session_date)
left join closes
    on
        chosen.symbol = closes.symbol
        and sessions.previous_session = closes.session_date
        and chosen.source = closes.source
        and chosen.price_basis = closes.price_basis
group by all
