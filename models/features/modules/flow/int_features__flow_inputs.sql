{{ config(materialized='view') }}
-- What the kernels of `flow` read: the panel and each session's order flow.
select
    {{ bar_columns('panel') }},
    {{ feature_columns('flow', engine='session', relation='session_flow') }},
    session_flow.kyle_of_session,
    session_flow.hasbrouck_of_session,
    session_flow.amihud_of_session
from {{ ref('int_bars__panel') }} as panel
left join {{ ref('int_session__flow') }} as session_flow
    on
        panel.symbol = session_flow.symbol
        and panel.session_date = session_flow.session_date
