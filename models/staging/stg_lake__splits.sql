-- A split counts from its ex-date, if it was known when that session opened.
select
    splits.symbol,
    splits.ex_date,
    splits.numerator,
    splits.denominator,
    splits.source,
    splits.known_at,
    coalesce(priorities.priority, 100) as source_priority,
    row_number() over (
        partition by splits.symbol, splits.ex_date, splits.source
        order by
            splits.numerator,
            splits.denominator,
            splits.known_at
    ) as entry,
    case
        when sessions.session_date is null then 'not_a_session'
        when
            splits.numerator is null
            or splits.denominator is null
            or least(splits.numerator, splits.denominator) <= 0
            or not isfinite(splits.numerator / splits.denominator)
            then 'non_positive_price'
        when splits.known_at is null or splits.known_at > sessions.open_at
            then 'known_too_late'
    end as reject_reason
from {{ source('lake', 'splits') }} as splits
semi join {{ ref('dim_universe') }} using (symbol)
left join {{ ref('dim_sessions') }} as sessions on splits.ex_date = sessions.session_date
left join {{ ref('source_priority') }} as priorities using (source)
