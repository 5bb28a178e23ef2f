-- The calendar of each session: known before it opens, so features_daily does not lag it.
select
    session_date,
    sin(2 * pi() * (isodow(session_date) - 1) / 5) as raw_dow_sin,
    cos(2 * pi() * (isodow(session_date) - 1) / 5) as raw_dow_cos,
    sin(2 * pi() * (month(session_date) - 1) / 12) as raw_moy_sin,
    cos(2 * pi() * (month(session_date) - 1) / 12) as raw_moy_cos,
    day_of_month::double as raw_tdom,
    days_to_month_end::double as raw_tdom_to_end,
    sessions_to_monthly_expiration::double as raw_days_to_opex,
    (
        date_trunc('week', session_date) = date_trunc('week', next_monthly_expiration)
    )::integer::double as raw_opex_week,
    is_half_day::integer::double as raw_halfday
from {{ ref('dim_sessions') }}
