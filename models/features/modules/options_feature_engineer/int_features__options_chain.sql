{{ config(materialized='view') }}
-- The bars of every underlying with what its chain said that session. An index has no bars: its
-- price is that of its chain.
with

universe as (

    select
        symbol,
        is_index
    from {{ ref('dim_universe') }}

),

placed as (

    select
        panel.*,
        volatility.* exclude (session_date, underlying, known_at, spot),
        activity.* exclude (session_date, underlying, known_at),
        volatility.spot as chain_spot,
        coalesce(universe.is_index, false) and panel.close is null as is_priced_by_chain,
        volatility.known_at as volatility_known_at,
        activity.known_at as activity_known_at
    from {{ ref('int_options__panel') }} as panel
    left join universe using (symbol)
    left join {{ ref('int_session__option_volatility') }} as volatility
        on
            panel.symbol = volatility.underlying
            and panel.session_date = volatility.session_date
    left join {{ ref('int_session__option_activity') }} as activity
        on
            panel.symbol = activity.underlying
            and panel.session_date = activity.session_date

)

select
    * exclude (chain_spot, is_priced_by_chain, volatility_known_at, activity_known_at)
    replace (
        greatest(known_at, volatility_known_at, activity_known_at) as known_at,
        if(is_priced_by_chain, chain_spot, close) as close,
        if(is_priced_by_chain, chain_spot, raw_close) as raw_close,
        if(is_priced_by_chain, 1.0, factor) as factor
    ),
    -- forward-adjusted as the bars are
    chain_spot * if(is_priced_by_chain, 1.0, factor) as spot
from placed
