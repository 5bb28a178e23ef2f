{{ config(materialized='view') }}
-- What the kernels of `morphology` read: the panel and each session's profile.
select
    {{ bar_columns('panel') }},
    profiles.* exclude (symbol, session_date, known_at)
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_session__morphology') }} as profiles
    on
        panel.symbol = profiles.symbol
        and panel.session_date = profiles.session_date
