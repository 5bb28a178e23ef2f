{#- Split dates, in order, into batches of at most `lake_batch_rows` rows (one date at least). -#}
{% macro lake_batches(changes) -%}
    {%- set limit = var('lake_batch_rows') | int -%}
    {%- set batches = [] -%}
    {%- set state = namespace(batch=[], rows=0) -%}
    {%- for change in changes -%}
        {%- if state.batch and state.rows + change.row_count > limit -%}
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

{#- Predicate over some dates, in order: literals, because DuckDB prunes files by literals only. -#}
{% macro lake_date_filter(changes) -%}
    session_date between date '{{ changes[0].session_date }}' and date '{{ changes[-1].session_date }}'
    and session_date in (
    {%- for change in changes -%}
        date '{{ change.session_date }}'{{ ', ' if not loop.last }}
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
