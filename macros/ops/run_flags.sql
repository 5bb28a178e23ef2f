{#- What Python models must know of the command: whether to keep what earlier builds computed. -#}
{% macro record_run_flags() -%}
    {%- if execute and flags.WHICH in recorded_commands() -%}
        create schema if not exists ops;
        create or replace table ops.run_flags as
        select {{ 'true' if flags.FULL_REFRESH else 'false' }} as full_refresh
    {%- endif -%}
{%- endmacro %}
