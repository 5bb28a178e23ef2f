{#- Pairs of a rule's name and what a row that breaks it fulfils. -#}
{% macro sound_rules(model, not_null, condition, finite) -%}
    {%- set rules = [] -%}
    {%- for column in not_null -%}
        {%- do rules.append([column ~ ' is null', adapter.quote(column) ~ ' is null']) -%}
    {%- endfor -%}
    {%- if condition -%}
        {%- do rules.append([condition, 'not coalesce(' ~ condition ~ ', false)']) -%}
    {%- endif -%}
    {%- if finite and execute -%}
        {%- for column in adapter.get_columns_in_relation(model) if column.dtype == 'DOUBLE' -%}
            {%- do rules.append(
                [column.name ~ ' is not finite', 'not isfinite(' ~ adapter.quote(column.name) ~ ')']
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}

{#- Rows that break a rule, with the first that they break. -#}
{% macro broken_rules(model, rules, keys, dates) -%}
(
    select
        case
            {%- for name, predicate in rules %}
            when {{ predicate }} then '{{ name | replace("'", "''") }}'
            {%- endfor %}
        end as broken
        {%- for key in keys %},
        {{ key }}
        {%- endfor %}
    from {{ model }}
    where
        ({{ dates }})
        and (
            {%- for name, predicate in rules %}
            {{ 'or ' if not loop.first }}{{ predicate }}
            {%- endfor %}
        )
)
{%- endmacro %}
