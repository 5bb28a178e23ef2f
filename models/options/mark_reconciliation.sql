{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='int_options__filled',
    meta={'publish': 'table'},
) }}
-- depends_on: {{ ref('stg_lake__option_rejects') }}
-- Contracts that a session's files show, counted from staging by itself, against those that have
-- a mark and those that have a reason instead.
with

staged as (

    select
        options.session_date,
        options.underlying,
        count(distinct hash({{ contract_key('options') }})) as count_staged,
        count(distinct hash({{ contract_key('options') }})) filter (
            where
            case feeds.role
                when 'minutes' then options.known_at <= feeds.chosen_ts
                when 'quotes' then not feeds.has_many_times or options.ts <= feeds.chosen_ts
                else feeds.role is not null
            end
        ) as count_contracts
    from {{ ref('stg_lake__options') }} as options
    left join {{ ref('int_options__feeds') }} as feeds
        on
            options.session_date = feeds.session_date
            and options.underlying = feeds.underlying
            and options.source = feeds.source
            and options.bar_seconds = feeds.bar_seconds
    where options.{{ lake_batch_dates() }}
    group by options.session_date, options.underlying

),

marked as (

    select
        session_date,
        underlying,
        count(*) filter (where is_observed and mark is not null) as count_marked,
        count(*) filter (where is_observed and mark is null and reason is not null)
            as count_reasoned,
        count(*) filter (where not is_observed) as count_unobserved,
        count(*) filter (where is_observed and bid > 0 and t > 0) as count_live,
        count(*) filter (where is_observed and bid > 0 and t > 0 and iv is not null)
            as count_live_iv
    from (
        select
            session_date,
            underlying,
            true as is_observed,
            price as mark,
            reason,
            bid,
            t,
            iv
        from {{ ref('int_options__solved') }}
        where is_marked and {{ lake_batch_dates() }}
        union all
        select
            session_date,
            underlying,
            is_observed,
            mark,
            reason,
            bid,
            t,
            iv
        from {{ ref('int_options__filled') }}
        where {{ lake_batch_dates() }}
    )
    group by session_date, underlying

)

select
    staged.session_date,
    staged.underlying,
    staged.count_contracts::integer as count_contracts,
    coalesce(marked.count_marked, 0)::integer as count_marked,
    coalesce(marked.count_reasoned, 0)::integer as count_reasoned,
    (staged.count_staged - staged.count_contracts)::integer as count_not_used,
    coalesce(marked.count_unobserved, 0)::integer as count_unobserved,
    coalesce(marked.count_live, 0)::integer as count_live,
    coalesce(marked.count_live_iv, 0)::integer as count_live_iv,
    (
        staged.count_contracts - coalesce(marked.count_marked, 0)
        - coalesce(marked.count_reasoned, 0)
    )::integer as count_unexplained
from staged
left join marked using (session_date, underlying)
