{{ config(materialized='view') }}
-- What the kernels of `regime` read: the panel, the VIX after the session's close, and the
-- parameters of the hidden Markov models in force in its quarter.
{% set models = [('hmm3', 3), ('hmm2', 2), ('mixture2', 2)] -%}
with

fits as (

    select
        symbol,
        quarter_start,
        {% for model, states in models %}
        {% for state in range(states) %}
        {% for name in ['mean', 'sigma'] %}
        max({{ name }}) filter (
            where model = '{{ model }}' and state = {{ state }}
        ) as {{ model }}_{{ name }}_{{ state }},
        {% endfor %}
        {% for to in range(states) %}
        max(to_{{ to }}) filter (
            where model = '{{ model }}' and state = {{ state }}
        ) as {{ model }}_from_{{ state }}_to_{{ to }},
        {% endfor %}
        {% endfor %}
        {% endfor %}
    from {{ ref('int_features__hmm_fits') }}
    group by symbol, quarter_start

)

select
    {{ bar_columns('panel') | replace('panel.known_at', 'greatest(panel.known_at, volatility.known_at) as known_at') }},
    volatility.vix,
    fits.* exclude (symbol, quarter_start)
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_market__volatility') }} as volatility
    on panel.session_date = volatility.session_date
left join fits
    on
        panel.symbol = fits.symbol
        and date_trunc('quarter', panel.session_date) = fits.quarter_start
