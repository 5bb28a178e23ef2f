{{ config(materialized='view') }}
-- What the kernels of `raw` read: the panel, each session's statistics, and the GARCH parameters
-- in force in its quarter.
with

fits as (

    select
        symbol,
        quarter_start,
        {% for model in ['garch', 'gjr'] %}
        {% for parameter in ['omega', 'alpha', 'gamma', 'beta'] %}
        max({{ parameter }}) filter (where model = '{{ model }}') as {{ model }}_{{ parameter }},
        {% endfor %}
        {% endfor %}
    from {{ ref('int_features__garch_fits') }}
    group by symbol, quarter_start

)

select
    {{ bar_columns('panel') }},
    {{ feature_columns('raw', engine='session', relation='statistics') }},
    fits.* exclude (symbol, quarter_start)
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_session__raw') }} as statistics
    on
        panel.symbol = statistics.symbol
        and panel.session_date = statistics.session_date
left join fits
    on
        panel.symbol = fits.symbol
        and date_trunc('quarter', panel.session_date) = fits.quarter_start
