{{ config(materialized='view') }}
-- Every column of the sector regime module, as of the evening of session_date.
select
    session_date,
    known_at,
    {{ feature_columns('sector_regime') }}
from {{ ref('feat_sector_regime__kernels') }}
