select
    dataset,
    source,
    file,
    "row",
    session_date,
    entity,
    reason,
    detail
from {{ source('lake', 'import_rejects') }}
