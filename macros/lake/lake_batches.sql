{#-
    Split dates, in order, into batches of at most `lake_batch_rows` rows (one date at least) and
    of dates that are not far apart.
-#}
{% macro lake_batches(changes) -%}
    {%- set limit = var('lake_batch_rows') | int -%}
    {%- set batches = [] -%}
    {%- set state = namespace(batch=[], rows=0) -%}
    {%- for change in changes -%}
        {%- set is_far = state.batch and change.position > state.batch[-1].position + 20 -%}
        {%- if state.batch and (state.rows + change.row_count > limit or is_far) -%}
            {%- do batches.append(state.batch) -%}
            {%- set state.batch = [] -%}
            {%- set state.rows = 0 -%}
        {%- endif -%}
        {%- do state.batch.append(change) -%}
        {%- set state.rows = state.rows + change.row_count -%}
    {%- endfor -%}
    {%- if state.batch -%}{%- do batches.append(state.batch) -%}{%- endif -%}
    {{ return(batches) }}
{%- endmacro %}

{#-
    Predicate over some dates, in order: literals, because DuckDB prunes files by literals only,
    and ranges, because a list of dates is compared with every file (8,000 dates cost minutes).
-#}
{% macro lake_date_filter(changes) -%}
    {%- set ranges = [] -%}
    {%- for change in changes -%}
        {%- if loop.first or change.position != loop.previtem.position + 1 -%}
            {%- do ranges.append([change.session_date, change.session_date]) -%}
        {%- else -%}
            {%- do ranges[-1].append(change.session_date) -%}
        {%- endif -%}
    {%- endfor -%}
    (
    {%- for range in ranges -%}
        session_date between date '{{ range[0] }}' and date '{{ range[-1] }}'
        {{- ' or ' if not loop.last }}
    {%- endfor -%}
    )
{%- endmacro %}

{#- The day files of some dates as a SQL list. -#}
{% macro lake_file_list(changes) -%}
    [
    {%- for change in changes -%}
        '{{ change.path | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
    ]
{%- endmacro %}

{#-
    Predicate over all dates between the batch's first and last, for a CTE that is read several
    times: DuckDB materialises it and does not push the batch's own filter into it.
-#}
{% macro lake_batch_dates() -%}
    session_date between getvariable('lake_first') and getvariable('lake_last')
{%- endmacro %}

{#- A model's SQL with the batch's dates in place: as variables they would not prune files. -#}
{% macro lake_with_batch_dates(model_sql, batch) -%}
    {{ model_sql
        | replace("getvariable('lake_first')", "date '" ~ batch[0].session_date ~ "'")
        | replace("getvariable('lake_last')", "date '" ~ batch[-1].session_date ~ "'") }}
{%- endmacro %}
