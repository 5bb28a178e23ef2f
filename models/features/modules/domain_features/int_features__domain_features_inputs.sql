{{ config(materialized='view') }}
-- What the kernels of `domain_features` read. The market is one symbol more, '(market)': it has
-- the benchmark's bars and, as extras, the volatility indices; the symbols have no extras.
with

panel as (

    select * from {{ ref('int_bars__panel') }}

),

sessions as (

    select * from {{ ref('dim_sessions') }}

),

benchmark as (

    select min(symbol) as symbol
    from {{ ref('dim_universe') }}
    where role = 'benchmark' and not is_index

),

volatility_fund as (

    select min(symbol) as symbol
    from {{ ref('dim_universe') }}
    where role = 'volatility' and not is_index

),

benchmark_bars as (

    select panel.*
    from panel
    inner join benchmark on panel.symbol = benchmark.symbol

),

fund_returns as (

    select
        panel.session_date,
        panel.known_at,
        ln(panel.close / lag(panel.close) over (order by panel.session_date)) as fund_return
    from panel
    inner join volatility_fund on panel.symbol = volatility_fund.symbol

),

indices as (

    select * from {{ ref('int_market__volatility') }}

),

inputs as (

    select session_date from benchmark_bars
    union all
    select session_date
    from indices
    where coalesce(vix, vix9d, vix3m, vvix, skew) is not null

),

covered as (

    select
        min(session_date) as first_session,
        max(session_date) as last_session
    from inputs

),

market_sessions as (

    select sessions.session_date
    from sessions
    inner join covered
        on sessions.session_date between covered.first_session and covered.last_session

),

market as (

    select
        '(market)' as symbol,
        market_sessions.session_date,
        greatest(
            benchmark_bars.known_at,
            indices.known_at,
            fund_returns.known_at
        ) as known_at,
        benchmark_bars.* exclude (symbol, session_date, known_at),
        indices.vix,
        indices.vix9d,
        indices.vix3m,
        indices.vvix,
        indices.skew,
        fund_returns.fund_return
    from market_sessions
    left join benchmark_bars on market_sessions.session_date = benchmark_bars.session_date
    left join indices on market_sessions.session_date = indices.session_date
    left join fund_returns on market_sessions.session_date = fund_returns.session_date

)

select
    {{ bar_columns('market') }},
    market.vix,
    market.vix9d,
    market.vix3m,
    market.vvix,
    market.skew,
    market.fund_return
from market

union all

select
    {{ bar_columns('panel') }},
    null::double as vix,
    null::double as vix9d,
    null::double as vix3m,
    null::double as vvix,
    null::double as skew,
    null::double as fund_return
from panel
