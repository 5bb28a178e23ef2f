{#-
    Keep dbt's manifest of this run in the build file: what is published is described by the project
    as it was built, whatever was parsed since. A run of tests alone makes nothing and keeps none.
-#}
{% macro keep_manifest() -%}
    {%- if execute and flags.WHICH in recorded_commands() and flags.WHICH != 'test' -%}
        {%- set target = flags.TARGET_PATH or 'target' -%}
        {%- set folder = target if target.startswith('/') else flags.PROJECT_DIR ~ '/' ~ target -%}
        {%- set path = (folder ~ '/manifest.json') | replace("'", "''") -%}
        {%- if run_query("select count(*) from glob('" ~ path ~ "')").rows[0][0] %}
        create or replace table ops.manifest as
        select content::varchar as content
        from read_text('{{ path }}')
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
