{#- No two rows share the given columns: the grain alone, where nothing else is to be tested. -#}
{% test unique_together(model, columns, changed_since=none) %}
{%- set key = lake_test_key(model.schema, model.identifier, columns) -%}
{%- set dates = lake_test_dates(model, key, columns, changed_since) -%}
{{ repeated_keys(model, columns, dates.repeats) }}
{% endtest %}
