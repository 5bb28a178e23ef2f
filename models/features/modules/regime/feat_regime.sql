{{ config(materialized='view') }}
-- Every column of the regime module, as of the close of session_date.
select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('regime') }}
from {{ ref('feat_regime__kernels') }}
