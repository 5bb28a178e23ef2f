{{ config(materialized='view') }}
-- What the kernels of `mm_inventory` read: the panel and, from the one pass over the minutes that
-- the module flow makes, what concerns inventories.
select
    {{ bar_columns('panel') }},
    {{ feature_columns('mm_inventory', engine='session', relation='session_flow') }},
    session_flow.net_fading_h1,
    session_flow.net_fading_d1,
    session_flow.net_fading_d5,
    session_flow.net_of_last30,
    session_flow.minute_variance
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_session__flow') }} as session_flow
    on
        panel.symbol = session_flow.symbol
        and panel.session_date = session_flow.session_date
