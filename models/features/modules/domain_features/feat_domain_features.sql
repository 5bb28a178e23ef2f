{{ config(materialized='view') }}
-- Every lagged column of the domain module, as of the close of session_date: the market's beside
-- each symbol's own.
{% set own = ['dom_cone_20', 'dom_cone_60'] -%}
with

kernels as (

    select * from {{ ref('feat_domain_features__kernels') }}

),

market as (

    select *
    from kernels
    where symbol = '(market)'

),

symbols as (

    select *
    from kernels
    where symbol <> '(market)'

),

joined as (

    select
        symbols.symbol,
        symbols.session_date,
        greatest(symbols.known_at, market.known_at) as known_at,
        {% for column in own -%}
        symbols.{{ column }},
        {% endfor -%}
        market.* exclude (symbol, session_date, known_at, {{ own | join(', ') }})
    from symbols
    left join market on symbols.session_date = market.session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('domain_features') }}
from joined
