{{ config(materialized='view') }}
-- Every column of the cross-asset module, as of the evening of session_date.
select
    session_date,
    known_at,
    {{ feature_columns('cross_asset') }}
from {{ ref('feat_cross_asset__kernels') }}
