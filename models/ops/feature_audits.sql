{{ config(meta={'publish': 'table'}) }}
-- The last audit of each kind of each column, as the journal remembers them.
select
    -- ids
    table_name,
    column_name,
    kind,
    code_hash,
    -- findings
    is_passed,
    count_rows,
    cost_ns,
    detail,
    -- times
    audited_at
from {{ source('journal', 'feature_audits') }}
