{{ config(materialized='view') }}
-- Every column of the correlation module, as of the close of session_date: all are kernels.
select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('correlation') }}
from {{ ref('feat_correlation__kernels') }}
