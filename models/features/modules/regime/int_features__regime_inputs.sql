{{ config(materialized='view') }}
-- What the kernels of `regime` read: the panel, the VIX after the session's close, and the
-- parameters of the hidden Markov models in force in its quarter.
{% set later = 'greatest(panel.known_at, volatility.known_at) as known_at' -%}
with

states as (

    select
        *,
        model || '_' || state as model_state
    from {{ ref('int_features__hmm_fits') }}

),

fits as (

    select
        symbol,
        quarter_start,
        {% for measure, state, name in hmm_parameters() %}
        max({{ measure }}) filter (where model_state = '{{ state }}') as {{ name }},
        {% endfor %}
    from states
    group by symbol, quarter_start

)

select
    {{ bar_columns('panel') | replace('panel.known_at', later) }},
    volatility.vix,
    fits.* exclude (symbol, quarter_start)
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_market__volatility') }} as volatility
    on panel.session_date = volatility.session_date
left join fits
    on
        panel.symbol = fits.symbol
        and date_trunc('quarter', panel.session_date) = fits.quarter_start
