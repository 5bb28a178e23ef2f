{{ config(meta={'publish': 'table'}) }}
-- How much of each feature there is for each symbol, and why the rest is NULL. Market-wide
-- features have one row each, under the symbol *.
with

numbered as (

    select
        *,
        row_number() over (partition by symbol order by session_date) as row_index
    from {{ ref('features_daily') }}

),

numbered_market as (

    select
        *,
        '*' as symbol,
        row_number() over (order by session_date) as row_index
    from {{ ref('features_cross_asset') }}

),

counted as (

    {% for scope, relation in [('daily', 'numbered'), ('cross', 'numbered_market')] -%}
    {{ 'union all' if not loop.first }}
    select
        symbol,
        count(*) as count_rows,
        unnest([
            {% for module in feature_modules(scope) -%}
            {% set outer = loop -%}
            {% for column in module.columns -%}
            {{ feature_counts(column.name) }}{{ ',' if not (loop.last and outer.last) }}
            {% endfor -%}
            {% endfor -%}
        ]) as counts
    from {{ relation }}
    group by symbol
    {% endfor %}

),

measured as (

    select
        counted.symbol,
        counted.counts.feature,
        counted.count_rows,
        counted.count_rows - counted.counts.count_values as count_null,
        counted.counts.first_session,
        counted.count_rows - counted.counts.first_row + 1 as count_later,
        count_later - counted.counts.count_values as count_null_later
    from counted

),

supplied as (

    select
        symbol,
        count(close) < count(*) as has_missing_bars,
        count(volume) > 0 as has_volume,
        count(vwap) > 0 as has_vwap,
        count(transactions) > 0 as has_transactions
    from {{ ref('int_bars__panel') }}
    group by symbol
    union all
    select
        '*' as symbol,
        count(close) < count(*) as has_missing_bars,
        count(volume) > 0 as has_volume,
        count(vwap) > 0 as has_vwap,
        count(transactions) > 0 as has_transactions
    from {{ ref('int_market__panel') }}

),

absent as (

    select coalesce(list(dim_universe.symbol), []) as symbols
    from {{ ref('dim_universe') }}
    anti join {{ ref('int_bars__panel') }} using (symbol)
    where not dim_universe.is_index

),

-- who is measured against a symbol that has no bars
without_benchmark as (

    select members.symbol
    from {{ ref('dim_universe') }} as members
    cross join absent
    where list_contains(absent.symbols, members.benchmark)

),

volatility_funds as (

    select
        list_has_all(
            absent.symbols,
            coalesce(
                list(universe.symbol) filter (
                    where universe.role = 'volatility' and not universe.is_index
                ),
                []
            )
        ) as are_absent
    from {{ ref('dim_universe') }} as universe
    cross join absent
    group by absent.symbols

),

levels as (

    select
        list_filter(
            [
                {% for level in ['vix', 'vix9d', 'vix3m', 'vvix', 'skew'] -%}
                case when count({{ level }}) = 0 then '{{ level }}' end{{ ',' if not loop.last }}
                {% endfor -%}
            ],
            lambda level: level is not null
        ) as without
    from {{ ref('int_market__volatility') }}

),

schedule as (

    select count(*) > 0 as has_events
    from {{ ref('stg_lake__events') }}

),

with_minutes as (

    select distinct symbol
    from {{ ref('int_bars__session') }}

),

needs as (

    select
        features.name as feature,
        features.module,
        features.lookback,
        list_has_any(
            features.reads, ['minute close', 'minute high', 'minute low', 'minute volume']
        ) as needs_minutes,
        list_has_any(
            features.reads, ['volume', 'raw_volume', 'dollar_volume', 'minute volume']
        ) as needs_volume,
        list_contains(features.reads, 'vwap') as needs_vwap,
        list_contains(features.reads, 'transactions') as needs_transactions,
        list_contains(features.reads, 'benchmark close') as needs_benchmark,
        list_has_any(
            list_transform(features.reads, lambda input: lower(input)), levels.without
        ) as lacks_level,
        list_contains(features.reads, 'event schedule') and not schedule.has_events as lacks_events,
        list_has_any(
            features.reads,
            list_transform(absent.symbols, lambda symbol: concat('close of ', symbol))
        )
        or list_contains(features.reads, 'volatility fund close') and volatility_funds.are_absent
            as lacks_symbol,
        contains(features.inputs, 'close of every') and len(absent.symbols) > 0 as lacks_members
    from {{ ref('int_features__catalog') }} as features
    cross join absent
    cross join volatility_funds
    cross join levels
    cross join schedule

)

select
    -- ids
    measured.symbol,
    measured.feature,
    needs.module,
    -- numerics
    measured.count_rows,
    measured.count_null,
    measured.count_null / measured.count_rows as null_share,
    measured.count_null_later,
    measured.count_null_later / measured.count_later as null_share_later,
    -- times
    measured.first_session,
    -- why
    case
        when measured.count_null = 0 then null
        when measured.first_session is not null and measured.count_null_later = 0
            then 'warming_up'
        when needs.lacks_symbol then 'missing_symbol'
        when needs.needs_benchmark and without_benchmark.symbol is not null then 'missing_symbol'
        when needs.lacks_level then 'no_volatility_index'
        when needs.lacks_events then 'no_events'
        when needs.needs_minutes and with_minutes.symbol is null then 'no_minute_bars'
        when needs.needs_volume and not supplied.has_volume then 'no_volume'
        when needs.needs_vwap and not supplied.has_vwap then 'no_vwap'
        when needs.needs_transactions and not supplied.has_transactions then 'no_transactions'
        when measured.first_session is null and measured.count_rows <= needs.lookback
            then 'warming_up'
        when needs.lacks_members and measured.first_session is null then 'missing_symbol'
        when supplied.has_missing_bars then 'missing_bar'
        else 'undefined'
    end as reason
from measured
inner join needs using (feature)
inner join supplied using (symbol)
left join with_minutes using (symbol)
left join without_benchmark using (symbol)
