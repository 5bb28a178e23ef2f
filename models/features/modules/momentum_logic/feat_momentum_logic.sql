{{ config(materialized='view') }}
-- Every column of the momentum module, as of the close of session_date: all are kernels.
select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('momentum_logic') }}
from {{ ref('feat_momentum_logic__kernels') }}
