{{ config(meta={'publish': 'table'}) }}
-- Per day file: rows counted in the file against rows staged, rejected and out of the universe,
-- each counted by itself.
with

counted as (

    select
        'stocks' as dataset,
        *
    from {{ ref('stg_lake__stock_counts') }}
    union all
    select
        'options' as dataset,
        *
    from {{ ref('stg_lake__option_counts') }}

),

placed as (

    select
        'stocks' as dataset,
        session_date,
        sum(count_staged) as count_staged,
        sum(count_rejected) as count_rejected
    from {{ ref('int_lake__stock_days') }}
    group by session_date
    union all
    select
        'options' as dataset,
        session_date,
        sum(count_staged) as count_staged,
        sum(count_rejected) as count_rejected
    from {{ ref('int_lake__option_days') }}
    group by session_date

)

select
    files.dataset,
    files.session_date,
    files.content_hash,
    files.row_count as count_footer,
    coalesce(counted.count_rows, 0)::bigint as count_rows,
    coalesce(placed.count_staged, 0)::bigint as count_staged,
    coalesce(placed.count_rejected, 0)::bigint as count_rejected,
    coalesce(counted.count_out_of_universe, 0)::bigint as count_out_of_universe,
    (
        files.row_count - coalesce(placed.count_staged, 0) - coalesce(placed.count_rejected, 0)
        - coalesce(counted.count_out_of_universe, 0)
    )::bigint as count_unexplained
from {{ ref('stg_lake__files') }} as files
left join counted using (dataset, session_date)
left join placed using (dataset, session_date)
where files.reason is null
