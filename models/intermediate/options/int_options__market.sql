-- What an underlying's options need of the market in a session: its raw price, the rate curve and
-- the announced dividends, all known by the session's snapshot.
with

sessions as (

    select
        feeds.session_date,
        feeds.underlying,
        bool_or(feeds.role = 'minutes') as has_minutes,
        min(sessions.open_at) as open_at,
        min(sessions.close_at) as close_at,
        min({{ option_snapshot_at('sessions.close_at') }}) as snapshot_at
    from {{ ref('int_options__feeds') }} as feeds
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)
    group by feeds.session_date, feeds.underlying

),

rates as (

    select
        rates.rate_date,
        rates.tenor_days,
        rates.rate,
        rates.known_at,
        row_number() over (
            partition by rates.rate_date, rates.tenor_days
            order by coalesce(priorities.priority, 100), rates.source
        ) as choice
    from {{ ref('stg_lake__rates') }} as rates
    left join {{ ref('source_priority') }} as priorities using (source)
    where isfinite(rates.rate) and rates.known_at is not null

),

curves as (

    select
        rate_date,
        max(known_at) as rates_known_at,
        list(tenor_days::double order by tenor_days) as tenors,
        list(rate order by tenor_days) as rates
    from rates
    where choice = 1
    group by rate_date

),

with_curves as (

    select
        sessions.*,
        curves.rate_date,
        curves.rates_known_at,
        curves.tenors,
        curves.rates
    from sessions
    asof left join curves on sessions.open_at >= curves.rates_known_at

),

-- as for bars: of several sources of an ex-date the first counts whole, and says a thing once
announced as (

    select distinct
        sessions.session_date,
        sessions.underlying,
        dividends.ex_date,
        dividends.amount,
        dividends.declared_date,
        dense_rank() over (
            partition by sessions.session_date, sessions.underlying, dividends.ex_date
            order by dividends.source_priority, dividends.source
        ) as choice
    from sessions
    inner join {{ ref('stg_lake__dividends') }} as dividends
        on
            sessions.underlying = dividends.symbol
            and sessions.session_date < dividends.ex_date
            and sessions.open_at >= dividends.known_at
    where coalesce(dividends.reject_reason, 'known_too_late') = 'known_too_late'

),

dividends as (

    select
        session_date,
        underlying,
        list(ex_date order by ex_date, amount) as ex_dates,
        list(amount order by ex_date, amount) as amounts
    from announced
    where choice = 1
    group by session_date, underlying

),

snapshots as (

    select
        minutes.session_date,
        minutes.symbol as underlying,
        max_by(minutes.close, minutes.ts) as snapshot_price
    from {{ ref('int_bars__minutes') }} as minutes
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)
    where
        minutes.price_basis = 'raw'
        and minutes.known_at <= {{ option_snapshot_at('sessions.close_at') }}
        and minutes.known_at > {{ option_snapshot_at('sessions.close_at') }} - to_minutes(5)
    group by minutes.session_date, minutes.symbol

),

-- contracts on the share before a split are no contracts on the share after it
splits as (

    select
        sessions.session_date,
        sessions.underlying,
        max(splits.ex_date) as last_split
    from sessions
    inner join {{ ref('stg_lake__splits') }} as splits
        on sessions.underlying = splits.symbol and sessions.session_date >= splits.ex_date
    group by sessions.session_date, sessions.underlying

),

minute_sessions as (

    select *
    from sessions
    where has_minutes

),

-- only where options traded by the minute: each trade has the share price of its own minute
paths as (

    select
        minutes.session_date,
        minutes.symbol as underlying,
        list(minutes.minute_index::double order by minutes.minute_index) as minute_indexes,
        list(minutes.close order by minutes.minute_index) as minute_closes
    from {{ ref('int_bars__minutes') }} as minutes
    semi join minute_sessions
        on
            minutes.session_date = minute_sessions.session_date
            and minutes.symbol = minute_sessions.underlying
    where minutes.price_basis = 'raw'
    group by minutes.session_date, minutes.symbol

)

select
    with_curves.session_date,
    with_curves.underlying,
    with_curves.open_at,
    with_curves.close_at,
    with_curves.snapshot_at,
    snapshots.snapshot_price,
    daily.close as close_price,
    paths.minute_indexes,
    paths.minute_closes,
    splits.last_split,
    with_curves.rate_date,
    coalesce(with_curves.tenors, [1.0]) as tenors,
    coalesce(with_curves.rates, [{{ var('option_default_rate') }}::double]) as rates,
    if(with_curves.rates is null, 'default', 'curve') as rate_source,
    coalesce(dividends.ex_dates, []::date[]) as ex_dates,
    coalesce(dividends.amounts, []::double[]) as amounts
from with_curves
left join dividends using (session_date, underlying)
left join splits using (session_date, underlying)
left join snapshots using (session_date, underlying)
left join paths using (session_date, underlying)
left join {{ ref('int_bars__daily') }} as daily
    on
        with_curves.session_date = daily.session_date
        and with_curves.underlying = daily.symbol
        and daily.price_basis = 'raw'
