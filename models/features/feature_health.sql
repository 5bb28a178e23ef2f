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
        count(transactions) > 0 as has_transactions
    from {{ ref('int_bars__panel') }}
    group by symbol
    union all
    select
        '*' as symbol,
        count(close) < count(*) as has_missing_bars,
        count(volume) > 0 as has_volume,
        count(transactions) > 0 as has_transactions
    from {{ ref('int_market__panel') }}

),

absent as (

    select coalesce(list(dim_universe.symbol), []) as symbols
    from {{ ref('dim_universe') }}
    anti join {{ ref('int_bars__panel') }} using (symbol)
    where not dim_universe.is_index

),

levels as (

    select count(vix) > 0 as has_vix
    from {{ ref('int_market__volatility') }}

),

with_minutes as (

    select distinct symbol
    from {{ ref('int_bars__session') }}

),

-- a mean over sessions needs what its session column needs
needs as (

    select
        features.name as feature,
        features.module,
        features.lookback,
        coalesce(
            contains(features.inputs, 'minute') or contains(session_column.inputs, 'minute'), false
        ) as needs_minutes,
        coalesce(
            contains(features.inputs, 'volume') or contains(session_column.inputs, 'volume'), false
        ) as needs_volume,
        contains(features.inputs, 'transactions') as needs_transactions,
        list_contains(string_split(features.inputs, ', '), 'vix') as needs_vix,
        list_has_any(
            string_split(features.inputs, ', '),
            list_transform(absent.symbols, lambda symbol: concat('close of ', symbol))
        ) as lacks_symbol,
        contains(features.inputs, 'close of every') and len(absent.symbols) > 0 as lacks_members
    from {{ ref('int_features__catalog') }} as features
    left join {{ ref('int_features__catalog') }} as session_column
        on features.inputs = session_column.name
    cross join absent

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
        when needs.needs_vix and not levels.has_vix then 'no_volatility_index'
        when needs.needs_minutes and with_minutes.symbol is null then 'no_minute_bars'
        when needs.needs_volume and not supplied.has_volume then 'no_volume'
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
cross join levels
