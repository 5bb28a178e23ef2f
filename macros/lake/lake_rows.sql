{#-
    The rows of a data set's day files as a relation, with `filename` and `file_row_number`.

    The files are named one by one, as `stg_lake__files` lists them, so a view made of this sees
    just what the build saw. A date taken from `filename` and compared with literals opens only
    the files of those dates. The empty template stands last: the list is never empty, and DuckDB, which
    guesses sizes by the first file, does not plan for none.
-#}
{% macro lake_rows(dataset) -%}
    {%- set listed = adapter.get_relation(target.database, 'staging', 'stg_lake__files')
        if execute else none -%}
    {%- set query -%}
        select getvariable('lake_{{ dataset }}')[1] as path, null as session_date
        {%- if listed %}
        union all
        select path, session_date from {{ listed }}
        where dataset = '{{ dataset }}' and reason is null
        {%- endif %}
        order by session_date nulls last
    {%- endset -%}
    {%- set files = run_query(query).rows if execute else [] -%}
    read_parquet({{ lake_file_list(files) }}, filename = true, file_row_number = true)
{%- endmacro %}
