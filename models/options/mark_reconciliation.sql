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
        option_rows.session_date,
        option_rows.underlying,
        count(distinct hash({{ contract_key('option_rows') }})) as count_staged,
        count(distinct hash({{ contract_key('option_rows') }})) filter (
            where
            case feeds.role
                when 'minutes' then option_rows.known_at <= feeds.chosen_ts
                when 'quotes' then not feeds.has_many_times or option_rows.ts <= feeds.chosen_ts
                else feeds.role is not null
            end
        ) as count_contracts
    from {{ ref('stg_lake__options') }} as option_rows
    left join {{ ref('int_options__feeds') }} as feeds
        on
            option_rows.session_date = feeds.session_date
            and option_rows.underlying = feeds.underlying
            and option_rows.source = feeds.source
            and option_rows.bar_seconds = feeds.bar_seconds
    where option_rows.{{ lake_batch_dates() }}
    group by option_rows.session_date, option_rows.underlying

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
