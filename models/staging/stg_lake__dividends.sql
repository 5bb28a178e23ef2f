-- A dividend counts from its ex-date, if it was known when that session opened.
select
    dividends.symbol,
    dividends.ex_date,
    dividends.amount,
    dividends.declared_date,
    dividends.source,
    dividends.known_at,
    coalesce(priorities.priority, 100) as source_priority,
    row_number() over (
        partition by dividends.symbol, dividends.ex_date, dividends.source
        order by
            dividends.amount,
            dividends.declared_date,
            dividends.known_at
    ) as entry,
    case
        when sessions.session_date is null then 'not_a_session'
        when coalesce(dividends.amount <= 0 or not isfinite(dividends.amount), true)
            then 'non_positive_price'
        when dividends.known_at is null or dividends.known_at > sessions.open_at
            then 'known_too_late'
    end as reject_reason
from {{ source('lake', 'dividends') }} as dividends
semi join {{ ref('dim_universe') }} using (symbol)
left join {{ ref('dim_sessions') }} as sessions on dividends.ex_date = sessions.session_date
left join {{ ref('source_priority') }} as priorities using (source)
