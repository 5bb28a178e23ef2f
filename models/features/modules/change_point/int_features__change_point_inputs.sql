{{ config(materialized='view') }}
-- What the kernels of `change_point` read: the panel and each session's jumps.
select
    {{ bar_columns('panel') }},
    statistics.cp_lm_jumps
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_session__change_point') }} as statistics
    on
        panel.symbol = statistics.symbol
        and panel.session_date = statistics.session_date
