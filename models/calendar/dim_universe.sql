{{ config(meta={'publish': 'table'}) }}
-- The configured universe: everything else in a market-wide file is counted, not staged.
select
    symbol,
    name,
    asset_class,
    sector,
    benchmark,
    role,
    exercise_style,
    settlement,
    is_index
from {{ ref('universe') }}
