{{ config(meta={'publish': 'table'}) }}
-- Every row and file that was left out, with its reason.
select
    'staging' as stage,
    'stocks' as dataset,
    source,
    session_date,
    strftime(session_date, '%Y-%m-%d.parquet') as file,
    file_row,
    symbol as entity,
    reason,
    null::varchar as detail
from {{ ref('stg_lake__stock_rejects') }}

union all

select
    'staging' as stage,
    'options' as dataset,
    source,
    session_date,
    strftime(session_date, '%Y-%m-%d.parquet') as file,
    file_row,
    symbol as entity,
    reason,
    null::varchar as detail
from {{ ref('stg_lake__option_rejects') }}

union all

select
    'staging' as stage,
    dataset,
    source,
    ex_date as session_date,
    dataset || '.parquet' as file,
    entry as file_row,
    symbol as entity,
    reason,
    if(
        reason = 'basis_changed',
        'prices from here on are not adjusted for this split: put on the level of those before',
        null
    ) as detail
from {{ ref('int_bars__events') }}
where reason is not null

union all

select
    'staging' as stage,
    dataset,
    null as source,
    session_date,
    strftime(session_date, '%Y-%m-%d.parquet') as file,
    null::bigint as file_row,
    null as entity,
    reason,
    detail
from {{ ref('stg_lake__files') }}
where reason is not null

union all

select
    'import' as stage,
    dataset,
    source,
    session_date,
    file,
    "row" as file_row,
    entity,
    reason,
    detail
from {{ ref('stg_lake__import_rejects') }}
