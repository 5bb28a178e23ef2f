{{ config(materialized='view') }}
-- What the kernels of `gamma_calc` read: bars, and the chain's exposures.
select
    panel.symbol,
    panel.session_date,
    greatest(panel.known_at, exposures.used_known_at) as known_at,
    {{ bar_columns('panel', keys=false) }},
    exposures.spot as dealer_spot,
    exposures.net as dealer_net,
    exposures.calls as dealer_calls,
    exposures.puts as dealer_puts,
    exposures.tilt as dealer_tilt,
    exposures.within_7 as dealer_within_7,
    exposures.within_30 as dealer_within_30,
    exposures.opex as dealer_opex,
    exposures.delta as dealer_delta,
    exposures.vanna as dealer_vanna,
    exposures.charm as dealer_charm,
    exposures.hedge_up as dealer_hedge_up,
    exposures.hedge_down as dealer_hedge_down,
    exposures.iv as dealer_iv,
    exposures.pinned as dealer_pinned,
    exposures.flow as dealer_flow,
    exposures.call_wall as dealer_call_wall,
    exposures.put_wall as dealer_put_wall,
    exposures.pin_strike as dealer_pin_strike,
    exposures.concentration as dealer_concentration,
    exposures.flip as dealer_flip,
    exposures.flat_width as dealer_flat_width
from {{ ref('int_options__panel') }} as panel
left join {{ ref('int_options__exposures') }} as exposures
    on
        panel.symbol = exposures.underlying
        and panel.session_date = exposures.session_date
        and exposures.contracts > 0
