{#-
    No two rows share the given columns: the grain. Keys are counted by hash first, so that a
    table which keeps its grain costs one aggregation of integers.

    `changed_since` names the lake_incremental model whose dates decide what must be looked at
    again: a build tests the dates whose stamp this test has not passed yet (`ops.lake_verified`),
    `dbt test` by itself tests them all.
-#}
{% test unique_together(model, columns, changed_since=none) %}
with

examined as (

    select
        {{ columns | join(', ') }},
        hash({{ columns | join(', ') }}) as key_hash
    from {{ model }}
    {%- if changed_since and flags.WHICH == 'build' %}
    where {{ lake_unverified(model.identifier, columns, changed_since) }}
    {%- endif %}

),

repeated_hashes as (

    select key_hash
    from examined
    group by key_hash
    having count(*) > 1

)

select
    {{ columns | join(', ') }},
    count(*) as count_rows
from examined
semi join repeated_hashes using (key_hash)
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
