{{ config(materialized='view') }}
-- Every traded member of the universe on every session between the first and the last bar of any:
-- what market-wide kernels read. A session without the member's bar is a row of NULLs.
--
-- known_at is the evening, when index levels are out.
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

    select volatility.*
    from {{ ref('int_market__volatility') }} as volatility
    inner join span
        on volatility.session_date between span.first_session and span.last_session

)

select
    members.symbol,
    evenings.session_date,
    greatest(evenings.known_at, panel.known_at) as known_at,
    {{ bar_columns('panel', keys=false) }},
    evenings.vix
from evenings
cross join members
left join panel
    on
        evenings.session_date = panel.session_date
        and members.symbol = panel.symbol
