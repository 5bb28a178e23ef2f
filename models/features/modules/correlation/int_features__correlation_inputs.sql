{{ config(materialized='view') }}
-- What the kernels of `correlation` read: the panel and the log return of each symbol's benchmark.
-- The benchmark itself is measured by the others of its asset class, equally weighted.
with

universe as (

    select * from {{ ref('dim_universe') }}

),

-- The panel has a row for every session: without a bar, or without one before it, no return.
returns as (

    select
        symbol,
        session_date,
        known_at,
        ln(close / lag(close) over (partition by symbol order by session_date)) as log_return
    from {{ ref('int_bars__panel') }}

),

-- A sum of decimals has no order.
others as (

    select
        benchmarks.symbol,
        returns.session_date,
        max(returns.known_at) as known_at,
        sum(returns.log_return::decimal(18, 15))::double / count(returns.log_return) as bench_return
    from universe as benchmarks
    inner join universe as members
        on
            benchmarks.asset_class = members.asset_class
            and benchmarks.symbol <> members.symbol
            and not members.is_index
    inner join returns on members.symbol = returns.symbol
    where benchmarks.benchmark is null and not benchmarks.is_index
    group by benchmarks.symbol, returns.session_date

),

benchmark_returns as (

    select
        universe.symbol,
        returns.session_date,
        returns.known_at as bench_known_at,
        returns.log_return as bench_return
    from universe
    inner join returns on universe.benchmark = returns.symbol

    union all

    select
        symbol,
        session_date,
        known_at as bench_known_at,
        bench_return
    from others

),

joined as (

    select
        {{ bar_columns('panel') }},
        benchmark_returns.bench_return,
        benchmark_returns.bench_known_at
    from {{ ref('int_bars__panel') }} as panel
    left join benchmark_returns
        on
            panel.symbol = benchmark_returns.symbol
            and panel.session_date = benchmark_returns.session_date

)

select
    * exclude (bench_known_at)
    replace (greatest(known_at, bench_known_at) as known_at)
from joined
