{{ config(meta={'publish': 'table'}) }}
-- Earlier published versions, as the journal remembers them.
select * from {{ source('journal', 'build_history') }}
