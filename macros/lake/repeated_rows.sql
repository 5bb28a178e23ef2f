{#-
    CTEs that find rows repeating another's key, among the rows without a reason so far.

    Of rows with one key the last of the file is kept; the others are `duplicate` where their
    `payload_hash` (64 bits over the values) equals the kept row's, else `conflicting_duplicate`.
    Keys of `every_row`, judged or not, are first counted by hash, so a clean file costs one
    aggregation of integers; only rows whose hash repeats are judged again and compared key by
    key. `judged` must not be materialised: what no row needs is then never computed. Ends with a
    CTE `repeated_rows`: the columns of `judged`, `reason` filled.
-#}
{% macro repeated_rows(every_row, judged, key) -%}
repeated_hashes as (

    select hash({{ key | join(', ') }}) as key_hash
    from {{ every_row }}
    group by key_hash
    having count(*) > 1

),

candidates as (

    select *
    from {{ judged }}
    where
        reason is null
        and hash({{ key | join(', ') }}) in (select key_hash from repeated_hashes)

),

ranked_candidates as (

    select
        *,
        last_value(payload_hash) over same_key as kept_hash,
        last_value(file_row) over same_key as kept_row
    from candidates
    window same_key as (
        partition by {{ key | join(', ') }}
        order by file_row
        rows between unbounded preceding and unbounded following
    )

),

repeated_rows as (

    select * replace (
        if(payload_hash = kept_hash, 'duplicate', 'conflicting_duplicate') as reason
    )
    from ranked_candidates
    where file_row != kept_row

)
{%- endmacro %}
