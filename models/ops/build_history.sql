{{ config(meta={'publish': 'table'}) }}
-- Versions published before this one, as the journal remembers them.
select
    -- ids
    stamp,
    target,
    git_revision,
    duckdb_version,
    fingerprint,
    -- times
    published_at,
    first_session,
    last_session,
    -- numerics
    is_full_refresh,
    seconds,
    publish_seconds,
    count_models,
    count_tests,
    count_tests_warned,
    count_tables,
    count_rows,
    count_stock_days,
    count_option_days
from {{ source('journal', 'build_history') }}
