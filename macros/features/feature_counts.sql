{#- What `feature_health` counts of one column: how many values, and where the first one is.
    `case` inside the aggregate: with `filter` 244 columns cost six times as much. -#}
{% macro feature_counts(name) -%}
    {
        'feature': '{{ name }}',
        'count_values': count({{ name }}),
        'first_row': min(case when {{ name }} is not null then row_index end)
    }
{%- endmacro %}
