{{ config(materialized='view') }}
-- What the kernels of `entropy` read: the panel and each session's statistics.
select
    {{ bar_columns('panel') }},
    {{ feature_columns('entropy', engine='session', relation='statistics') }}
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_session__entropy') }} as statistics
    on
        panel.symbol = statistics.symbol
        and panel.session_date = statistics.session_date
