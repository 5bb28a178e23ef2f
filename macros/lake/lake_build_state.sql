{#-
    The memory of `lake_incremental`: from which stamp each model's rows of a date were made, and
    which stamps the tests have seen.
-#}
{% macro ensure_lake_build_state() -%}
    create schema if not exists ops;
    create schema if not exists lake;
    create schema if not exists journal;
    create table if not exists ops.lake_build_state (
        model varchar,
        session_date date,
        stamp varchar,
        invocation_id varchar,
        primary key (model, session_date)
    );
    create table if not exists ops.lake_verified (
        test varchar,
        session_date date,
        stamp varchar,
        primary key (test, session_date)
    )
{%- endmacro %}

{#- True when the table's columns are not the model's any more: it must be made again. -#}
{% macro lake_columns_differ(existing, empty_sql) -%}
    {#- both are described in one way: dbt-duckdb takes the STRUCTs of a query apart -#}
    {%- set old = get_column_schema_from_query('select * from ' ~ existing) -%}
    {%- set new = get_column_schema_from_query(empty_sql) -%}
    {%- set before = [] -%}
    {%- for column in old -%}{%- do before.append([column.name, column.dtype]) -%}{%- endfor -%}
    {%- set after = [] -%}
    {%- for column in new -%}{%- do after.append([column.name, column.dtype]) -%}{%- endfor -%}
    {{ return(before != after) }}
{%- endmacro %}
