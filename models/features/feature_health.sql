{{ config(meta={'publish': 'table'}) }}
-- How much of each feature there is for each symbol, and why the rest is NULL. Market-wide
-- features have one row each, under the symbol *.
{% set scopes = feature_scopes() -%}
with

{% for scope in scopes -%}
numbered_{{ scope.name }} as (

    select
        *,
        {% if scope.of_market -%}
        '*' as symbol,
        {% endif -%}
        row_number() over (
            {{ 'partition by symbol ' if not scope.of_market }}order by session_date
        ) as row_index
    from {{ ref(scope.table) }}

),

{% endfor -%}
counted as (

    {% for scope in scopes -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ scope.name }}' as scope,
        symbol,
        count(*) as count_rows,
        unnest([
            {% for module in feature_modules(scope.name) -%}
            {% set outer = loop -%}
            {% for column in module.columns -%}
            {{ feature_counts(column.name) }}{{ ',' if not (loop.last and outer.last) }}
            {% endfor -%}
            {% endfor -%}
        ]) as counts
    from numbered_{{ scope.name }}
    group by symbol
    {% endfor %}

),

places as (

    {% for scope in scopes -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ scope.name }}' as scope,
        symbol,
        row_index,
        session_date
    from numbered_{{ scope.name }}
    {% endfor %}

),

measured as (

    select
        counted.scope,
        counted.symbol,
        counted.counts.feature,
        counted.count_rows,
        counted.count_rows - counted.counts.count_values as count_null,
        counted.counts.first_row,
        counted.count_rows - counted.counts.first_row + 1 as count_later,
        count_later - counted.counts.count_values as count_null_later
    from counted

),

supplied as (

    {% for scope in scopes -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ scope.name }}' as scope,
        {{ "'*' as symbol" if scope.of_market else 'symbol' }},
        count(close) < count(*) as has_missing_bars,
        count(volume) > 0 as has_volume,
        count(vwap) > 0 as has_vwap,
        count(transactions) > 0 as has_transactions
    from {{ ref(scope.panel) }}
    {% if not scope.of_market -%}
    group by symbol
    {% endif -%}
    {% endfor %}

),

quoted as (

    select distinct underlying as symbol
    from {{ ref('int_options__feeds') }}
    where role = 'quotes'

),

chains as (

    select
        'options' as scope,
        panel.symbol,
        bool_or(panel.session_date >= panel.first_chain and not panel.has_chain)
            as has_missing_chains,
        coalesce(sum(exposures.contracts), 0) > 0 as has_open_interest,
        count(exposures.flow) > 0 as has_trade_direction,
        count(quoted.symbol) > 0 as has_quotes
    from {{ ref('int_options__panel') }} as panel
    left join {{ ref('int_options__exposures') }} as exposures
        on
            panel.symbol = exposures.underlying
            and panel.session_date = exposures.session_date
    left join quoted on panel.symbol = quoted.symbol
    group by panel.symbol

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
        ) as absent_levels
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
        list_contains(features.reads, 'open interest') as needs_open_interest,
        list_contains(features.reads, 'trade direction') as needs_trade_direction,
        list_contains(features.reads, 'option quotes') as needs_quotes,
        list_contains(features.reads, 'constant maturity') as needs_maturity,
        list_contains(features.reads, 'vwap') as needs_vwap,
        list_contains(features.reads, 'transactions') as needs_transactions,
        list_contains(features.reads, 'benchmark close') as needs_benchmark,
        list_has_any(
            list_transform(features.reads, lambda word: lower(word)), levels.absent_levels
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
    places.session_date as first_session,
    -- why
    case
        when measured.count_null = 0 then null
        when places.session_date is not null and measured.count_null_later = 0
            then 'warming_up'
        when needs.needs_open_interest and not chains.has_open_interest then 'no_open_interest'
        when needs.needs_trade_direction and not chains.has_trade_direction
            then 'no_trade_direction'
        when needs.needs_quotes and not chains.has_quotes then 'no_quotes'
        when measured.scope = 'options' and needs.needs_volume and not supplied.has_volume
            then 'no_adv'
        when needs.lacks_symbol then 'missing_symbol'
        when needs.needs_benchmark and without_benchmark.symbol is not null then 'missing_symbol'
        when needs.lacks_level then 'no_volatility_index'
        when needs.lacks_events then 'no_events'
        when needs.needs_minutes and with_minutes.symbol is null then 'no_minute_bars'
        when needs.needs_volume and not supplied.has_volume then 'no_volume'
        when needs.needs_vwap and not supplied.has_vwap then 'no_vwap'
        when needs.needs_transactions and not supplied.has_transactions then 'no_transactions'
        when places.session_date is null and measured.count_rows <= needs.lookback
            then 'warming_up'
        when chains.has_missing_chains then 'no_chain'
        when needs.lacks_members and places.session_date is null then 'missing_symbol'
        when needs.needs_maturity then 'no_maturity'
        when supplied.has_missing_bars then 'missing_bar'
        else 'undefined'
    end as reason
from measured
inner join needs using (feature)
inner join supplied using (scope, symbol)
left join chains using (scope, symbol)
left join places
    on
        measured.scope = places.scope
        and measured.symbol = places.symbol
        and measured.first_row = places.row_index
left join with_minutes on measured.symbol = with_minutes.symbol
left join without_benchmark on measured.symbol = without_benchmark.symbol
