{{ config(materialized='view') }}
-- What the kernels of `options_feature_engineer` read: bars and chain levels, and the principal
-- components of the surface in force in the session's quarter.
{% set names = [
    'intercept', 'load_0', 'load_1', 'load_2', 'load_3', 'load_4', 'load_5', 'load_6', 'load_7',
    'load_8',
] -%}
with

fits as (

    select
        symbol,
        quarter_start,
        {% for part in ['level', 'slope', 'curv'] %}
        {% for name in names %}
        max({{ name }}) filter (where component = '{{ part }}') as pca_{{ part }}_{{ name }},
        {% endfor %}
        {% endfor %}
    from {{ ref('int_features__surface_fits') }}
    group by symbol, quarter_start

)

select
    chains.*,
    fits.* exclude (symbol, quarter_start)
from {{ ref('int_features__options_chain') }} as chains
left join fits
    on
        chains.symbol = fits.symbol
        and date_trunc('quarter', chains.session_date) = fits.quarter_start
