{{ config(materialized='view') }}
-- Every column of the options module, as of the close of session_date.
select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('options_feature_engineer') }}
from {{ ref('feat_options_feature_engineer__kernels') }}
