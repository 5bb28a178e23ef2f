{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='stg_lake__option_rejects',
    invalidate_on=['source_priority'],
) }}
-- Which source prices an underlying's chain in a session: one for quotes, one for minute
-- aggregates of trades, one for day aggregates; and when the chain is looked at.
with

sessions as (

    select
        session_date,
        close_at,
        {{ option_snapshot_at('close_at') }} as snapshot_at
    from {{ ref('dim_sessions') }}

),

counted as (

    select
        staged.session_date,
        staged.underlying,
        staged.source,
        staged.bar_seconds,
        min(sessions.close_at) as close_at,
        min(sessions.snapshot_at) as snapshot_at,
        count(staged.ask) as count_quotes,
        count(staged.close) as count_trades,
        min(staged.ts) as first_ts,
        max(staged.ts) as last_ts,
        max(staged.ts) filter (where staged.ts <= sessions.snapshot_at) as last_ts_by_snapshot,
        max(staged.known_at) as last_known_at,
        median(staged.underlying_price) as spot
    from {{ ref('stg_lake__options') }} as staged
    inner join sessions using (session_date)
    where staged.{{ lake_batch_dates() }}
    group by staged.session_date, staged.underlying, staged.source, staged.bar_seconds

),

roles as (

    select
        *,
        'quotes' as role
    from counted
    where count_quotes > 0 and bar_seconds != 60
    union all by name
    select
        *,
        if(bar_seconds = 60, 'minutes', 'days') as role
    from counted
    where count_trades > 0 and bar_seconds in (60, {{ day_seconds() }})

),

ranked as (

    select
        roles.*,
        row_number() over (
            partition by roles.session_date, roles.underlying, roles.role
            order by
                roles.bar_seconds asc,
                coalesce(priorities.priority, 100) asc,
                roles.source asc
        ) as choice
    from roles
    left join {{ ref('source_priority') }} as priorities using (source)

)

select
    session_date,
    underlying,
    role,
    source,
    bar_seconds,
    -- a snapshot shows every contract at one time; other feeds show the last before it
    first_ts != last_ts as has_many_times,
    case role
        when 'minutes' then snapshot_at
        else coalesce(last_ts_by_snapshot, first_ts)
    end as chosen_ts,
    bool_or(role = 'minutes') over (partition by session_date, underlying) as has_minutes,
    case
        when role = 'minutes' then snapshot_at
        when bar_seconds = {{ day_seconds() }} then close_at
        when first_ts = last_ts then last_known_at
        else coalesce(last_ts_by_snapshot, first_ts)
    end as as_of,
    spot
from ranked
where choice = 1
