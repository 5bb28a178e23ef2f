{{ config(materialized='view') }}
-- What customers bought of each contract in a session less what they sold, in contracts. With
-- quotes the last trade says it: above their middle it was bought, below sold. By the minute, a
-- minute whose price is above the one before was bought. Day aggregates say nothing.
with

option_rows as not materialized (

    select
        staged.*,
        feeds.role,
        feeds.has_minutes,
        feeds.chosen_ts
    from {{ ref('stg_lake__options') }} as staged
    inner join {{ ref('int_options__feeds') }} as feeds
        on
            staged.session_date = feeds.session_date
            and staged.underlying = feeds.underlying
            and staged.source = feeds.source
            and staged.bar_seconds = feeds.bar_seconds

),

quoted as not materialized (

    select
        session_date,
        underlying,
        {{ contract_key() }},
        max_by(sign(close - 0.5 * (bid + ask)) * volume, ts) as signed_volume
    from option_rows
    where
        role = 'quotes'
        and not has_minutes
        and ts <= chosen_ts
        and close > 0
        and volume > 0
        and bid > 0
        and ask >= bid
    group by session_date, underlying, {{ contract_key() }}

),

minutes as not materialized (

    select
        session_date,
        underlying,
        {{ contract_key() }},
        volume,
        sign(close - lag(close) over (
            partition by session_date, {{ contract_key() }} order by ts
        )) as side
    from option_rows
    where role = 'minutes' and known_at <= chosen_ts

)

select * from quoted
union all by name
select
    session_date,
    underlying,
    {{ contract_key() }},
    -- whole contracts: their sum has no order
    sum((side * volume)::decimal(18, 3))::double as signed_volume
from minutes
where side is not null
group by session_date, underlying, {{ contract_key() }}
