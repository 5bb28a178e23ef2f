{#-
    What must hold of a table's rows, as one test: a test costs dbt as much as a small model.

    `unique` is the grain: no two rows share these columns. `not_null` columns have a value in
    every row, `condition` holds in every row (NULL counts as not fulfilled), and with `finite`
    no column of type DOUBLE holds an infinity or a NaN: unknown is NULL. The rows that break a
    rule come back with its name in `broken`.

    `changed_since` names the lake_incremental model whose dates decide what must be looked at
    again: a build tests the dates whose stamp this test has not passed yet (`ops.lake_verified`),
    `dbt test` by itself tests them all.
-#}
{% test sound(model, unique=none, not_null=[], condition=none, finite=false, changed_since=none) %}
{%- set key = lake_test_key(model.schema, model.identifier, unique, not_null, condition, finite) -%}
{%- set dates = lake_test_dates(model, key, unique, changed_since) -%}
{%- set rules = sound_rules(model, not_null, condition, finite) -%}
{%- set queries = [] -%}
{%- if unique -%}
    {%- do queries.append(repeated_keys(model, unique, dates.repeats)) -%}
{%- endif -%}
{%- if rules -%}
    {%- do queries.append(broken_rules(model, rules, unique or [], dates.rows)) -%}
{%- endif -%}
{{ queries | join('\nunion all by name\n') }}
{% endtest %}
