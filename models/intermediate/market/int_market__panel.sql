{{ config(materialized='view') }}
-- Every traded member of the universe on every session between the first and the last bar of any:
-- what market-wide kernels read. A session without the member's bar is a row of NULLs.
--
-- known_at is the evening: a quarter of an hour after the close, when index levels are out. It
-- does not depend on whether a level came, so that a row's time is the same before and after; a
-- level that came later than that is not used.
with

panel as (

    select * from {{ ref('int_bars__panel') }}

),

members as (

    select symbol
    from {{ ref('dim_universe') }}
    where not is_index

),

span as (

    select
        min(panel.session_date) as first_session,
        max(panel.session_date) as last_session
    from panel
    inner join members using (symbol)

),

evenings as (

    select
        sessions.session_date,
        sessions.close_at + interval 15 minutes as evening_at
    from {{ ref('dim_sessions') }} as sessions
    inner join span
        on sessions.session_date between span.first_session and span.last_session

)

select
    members.symbol,
    evenings.session_date,
    greatest(evenings.evening_at, panel.known_at) as known_at,
    {{ bar_columns('panel', keys=false) }},
    volatility.vix
from evenings
cross join members
left join panel
    on
        evenings.session_date = panel.session_date
        and members.symbol = panel.symbol
left join {{ ref('int_market__volatility') }} as volatility
    on
        evenings.session_date = volatility.session_date
        and evenings.evening_at >= volatility.known_at
