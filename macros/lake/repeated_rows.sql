{#-
    CTEs that find rows repeating another's key, among the rows without a reason so far.

    Of rows with one key the last of the file is kept; the others are `duplicate` where their
    payload equals the kept row's, else `conflicting_duplicate`. Only keys that repeat are
    sorted, so a clean file costs one hash aggregation. Ends with a CTE `repeated_rows`
    (session_date, file_row, reason).
-#}
{% macro repeated_rows(relation, key, payload) -%}
repeated_keys as (

    select {{ key | join(', ') }}
    from {{ relation }}
    where reason is null
    group by all
    having count(*) > 1

),

ranked_repeats as (

    select
        {{ relation }}.session_date,
        {{ relation }}.file_row,
        row({{ payload | join(', ') }}) as payload,
        last_value(row({{ payload | join(', ') }})) over same_key as kept_payload,
        last_value({{ relation }}.file_row) over same_key as kept_row
    from {{ relation }}
    semi join repeated_keys using ({{ key | join(', ') }})
    where {{ relation }}.reason is null
    window same_key as (
        partition by {{ key | join(', ') }}
        order by {{ relation }}.file_row
        rows between unbounded preceding and unbounded following
    )

),

repeated_rows as (

    select
        session_date,
        file_row,
        if(payload is not distinct from kept_payload, 'duplicate', 'conflicting_duplicate')
            as reason
    from ranked_repeats
    where file_row != kept_row

)
{%- endmacro %}
