{{ config(materialized='view') }}
-- Every column of the dynamics module, as of the close of session_date.
select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('dynamics') }}
from {{ ref('feat_dynamics__kernels') }}
