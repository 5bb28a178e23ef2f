{{ config(materialized='view') }}
-- What the kernels of `entropy` read: the panel and each session's entropies.
select
    {{ bar_columns('panel') }},
    {{ feature_columns('entropy', engine='session', relation='session_entropies') }}
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_session__entropy') }} as session_entropies
    on
        panel.symbol = session_entropies.symbol
        and panel.session_date = session_entropies.session_date
