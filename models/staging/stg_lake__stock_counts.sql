{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    invalidate_on=['dim_universe'],
) }}
-- depends_on: {{ ref('stg_lake__files') }}, {{ ref('dim_sessions') }}
-- How many rows each day file holds, counted from the file by itself: reconciliation compares
-- this with what was staged and rejected.
with

source as (

    select
        try_cast(parse_filename(filename, true) as date) as session_date,
        symbol as member
    from {{ source('lake', 'stocks') }}

)

select
    source.session_date,
    count(*) as count_rows,
    count(*) filter (where universe.symbol is null) as count_out_of_universe
from source
left join {{ ref('dim_universe') }} as universe on source.member = universe.symbol
group by source.session_date
