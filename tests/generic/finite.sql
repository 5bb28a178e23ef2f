{#- No column of type DOUBLE holds an infinity or a NaN: unknown is NULL. -#}
{% test finite(model) %}
{%- set columns = adapter.get_columns_in_relation(model) | selectattr('dtype', 'equalto', 'DOUBLE') | list if execute else [] -%}
select *
from {{ model }}
where false
{%- for column in columns %}
    or not isfinite({{ adapter.quote(column.name) }})
{%- endfor %}
{% endtest %}
