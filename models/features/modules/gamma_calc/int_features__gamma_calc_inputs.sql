{{ config(materialized='view') }}
-- What the kernels of `gamma_calc` read: bars, and the chain's exposures.
select
    panel.symbol,
    panel.session_date,
    greatest(panel.known_at, exposures.used_known_at) as known_at,
    {{ bar_columns('panel', keys=false) }},
    exposures.spot as dealer_spot,
    {% for name in [
        'net', 'calls', 'puts', 'tilt', 'within_7', 'within_30', 'opex', 'delta', 'vanna', 'charm',
        'hedge_up', 'hedge_down', 'iv', 'pinned', 'flow', 'call_wall', 'put_wall', 'pin_strike',
        'concentration', 'flip', 'flat_width',
    ] -%}
    exposures.{{ name }} as dealer_{{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('int_options__panel') }} as panel
left join {{ ref('int_options__exposures') }} as exposures
    on
        panel.symbol = exposures.underlying
        and panel.session_date = exposures.session_date
        and exposures.contracts > 0
