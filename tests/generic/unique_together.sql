{#-
    No two rows share the given columns: the grain.

    `changed_since` names the lake_incremental model whose dates decide what must be looked at
    again: a build tests the dates whose stamp this test has not passed yet (`ops.lake_verified`),
    `dbt test` by itself tests them all.
-#}
{% test unique_together(model, columns, changed_since=none) %}
select
    {{ columns | join(', ') }},
    count(*) as count_rows
from {{ model }}
{%- if changed_since and flags.WHICH == 'build' %}
where {{ lake_unverified(model.identifier, columns, changed_since) }}
{%- endif %}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
