{{ config(materialized='view') }}
-- The panel with each session's durations: what the ACD fits and the kernels read.
select
    {{ bar_columns('panel') }},
    durations.* exclude (symbol, session_date, known_at)
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_session__duration') }} as durations
    on
        panel.symbol = durations.symbol
        and panel.session_date = durations.session_date
