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

-- What was published after the next session had opened is of no use to it.
indices as (

    select levels.*
    from {{ ref('int_market__volatility') }} as levels
    inner join sessions on levels.session_date = sessions.session_date
    inner join sessions as next_sessions
        on sessions.next_session = next_sessions.session_date
    where levels.known_at <= next_sessions.open_at

),

inputs as (

    select session_date from benchmark_bars
    union all
    select session_date from indices

),

covered as (

    select
        min(session_date) as first_session,
        max(session_date) as last_session
    from inputs

),

market_sessions as (

    select
        sessions.session_date,
        sessions.close_at
    from sessions
    inner join covered
        on sessions.session_date between covered.first_session and covered.last_session

),

market as (

    select
        '(market)' as symbol,
        market_sessions.session_date,
        greatest(
            market_sessions.close_at,
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
