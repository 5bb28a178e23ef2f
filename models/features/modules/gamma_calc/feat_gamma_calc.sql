{{ config(materialized='view') }}
-- Every column of the gamma module, as of the close of session_date.
select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('gamma_calc') }}
from {{ ref('feat_gamma_calc__kernels') }}
