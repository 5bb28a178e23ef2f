{{ config(materialized='view') }}
-- Every underlying of a chain on every session from its first bar or chain to its last, with its
-- bars: what the kernels of options features read. An index without bars of its own has rows of
-- NULLs.
with

chains as (

    select
        underlying as symbol,
        session_date
    from {{ ref('int_options__feeds') }}
    group by underlying, session_date

),

firsts as (

    select
        symbol,
        min(session_date) as first_chain
    from chains
    group by symbol

),

spans as (

    select
        dated.symbol,
        any_value(firsts.first_chain) as first_chain,
        min(dated.session_date) as first_session,
        max(dated.session_date) as last_session
    from (
        select
            symbol,
            session_date
        from chains
        union all
        select
            symbol,
            session_date
        from {{ ref('int_bars__panel') }}
    ) as dated
    inner join firsts using (symbol)
    group by dated.symbol

)

select
    spans.symbol,
    sessions.session_date,
    greatest(sessions.close_at, panel.known_at) as known_at,
    spans.first_chain,
    chains.symbol is not null as has_chain,
    {{ bar_columns('panel', keys=false) }}
from spans
inner join {{ ref('dim_sessions') }} as sessions
    on sessions.session_date between spans.first_session and spans.last_session
left join {{ ref('int_bars__panel') }} as panel
    on
        spans.symbol = panel.symbol
        and sessions.session_date = panel.session_date
left join chains
    on
        spans.symbol = chains.symbol
        and sessions.session_date = chains.session_date
