select
    -- ids
    name,
    module,
    scope,
    position,
    tier,
    -- definition
    formula,
    units,
    source,
    inputs,
    windows,
    lookback,
    min_obs,
    engine,
    lag,
    -- evidence
    oracle,
    why,
    twin_of,
    near_duplicates
from {{ ref('int_features__catalog') }}
