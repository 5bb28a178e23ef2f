{{ config(meta={'publish': 'table'}) }}
select
    session_date,
    open_at,
    close_at,
    is_half_day,
    minutes,
    session_index,
    previous_session,
    next_session,
    day_of_month,
    days_to_month_end,
    is_weekly_expiration,
    is_monthly_expiration,
    is_quarterly_expiration,
    next_monthly_expiration,
    sessions_to_monthly_expiration
from {{ ref('int_calendar__sessions') }}
